// Calls, and never closes: idle connections and timers must not keep it alive.
import { createClient, registryResolver, staticResolver } from 'fairlead';

const client = createClient({
  services: {
    orders: { resolver: staticResolver([process.env.ADDRESS]) },
    // Nobody listens there: it is asked again and again in the background.
    other: { resolver: registryResolver({ url: 'http://127.0.0.1:1/' }) },
  },
});
console.log(await (await client.fetch('http://orders/')).text());
console.log(await (await client.request('http://orders/')).body.text());

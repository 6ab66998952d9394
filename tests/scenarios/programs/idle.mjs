// Calls, and never closes: idle connections and timers must not keep it alive.
import { createClient, registryResolver, staticResolver } from 'fairlead';

const client = createClient({
  services: {
    orders: { resolver: staticResolver([process.env.ADDRESS]) },
    // Is asked for its health for ever.
    checked: { resolver: staticResolver([process.env.ADDRESS]), healthCheck: { path: '/', intervalMs: 50 } },
    // Nobody listens there: it is asked again and again in the background.
    other: { resolver: registryResolver({ url: 'http://127.0.0.1:1/' }) },
    // Holds its request for a minute.
    held: { resolver: registryResolver({ url: process.env.REGISTRY, longPoll: true }) },
    preferred: { resolver: registryResolver({ url: process.env.REGISTRY, longPoll: { style: 'prefer' } }) },
    // Is open for ever.
    pushed: { resolver: registryResolver({ url: process.env.REGISTRY, sse: true }) },
  },
});
for (const name of ['checked', 'held', 'preferred', 'pushed'])
  console.log(await (await client.fetch(`http://${name}/`)).text());
console.log(await (await client.fetch('http://orders/')).text());
console.log(await (await client.request('http://orders/')).body.text());

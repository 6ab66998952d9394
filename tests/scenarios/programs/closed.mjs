// Calls, closes, and has nothing left that would keep it alive.
import { createClient, staticResolver } from 'fairlead';

const client = createClient({ services: { orders: { resolver: staticResolver([process.env.ADDRESS]) } } });
console.log(await (await client.fetch('http://orders/')).text());
await client.close();

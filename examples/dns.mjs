/** Endpoints from DNS, and a fixed list to fall back on. `localhost` stands in for a name of yours. */
import { createServer } from 'node:http';
import { createClient, dnsResolver, staticResolver } from 'fairlead';

const server = createServer((request, response) => response.end(`for ${request.headers.host}`)).listen(0);
const { port } = server.address();

const client = createClient({
  services: {
    orders: { resolver: [dnsResolver('localhost', { port, family: 4 }), staticResolver([`127.0.0.1:${port}`])] },
  },
});

await client.ready();
const response = await client.fetch('http://orders/');
console.log(await response.text());
for (const { id, words } of client.explain('orders').endpoints) console.log(id, words);

await client.close();
server.close();

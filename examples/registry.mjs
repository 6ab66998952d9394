/** Endpoints from an HTTP registry in its own JSON, read with `parse`. */
import { createServer } from 'node:http';
import { createClient, registryResolver } from 'fairlead';

const server = createServer((_, response) => response.end('served')).listen(0);
const registry = createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ nodes: [{ ip: '127.0.0.1', port: server.address().port, up: true }] }));
}).listen(0);

const client = createClient({
  services: {
    orders: {
      resolver: registryResolver({
        url: `http://127.0.0.1:${registry.address().port}/services/orders`,
        headers: () => ({ authorization: 'Bearer a-token-that-may-rotate' }),
        parse: ({ nodes }) => nodes.filter(({ up }) => up).map(({ ip, port }) => ({ host: ip, port })),
        ttlMs: 10_000,
      }),
    },
  },
});

const response = await client.fetch('http://orders/');
const { resolution } = client.snapshot().services.orders;
console.log(await response.text(), resolution.resolver, resolution.status);

await client.close();
server.close();
registry.close();

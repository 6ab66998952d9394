// What fetch makes of a body that stalls. Not within Jest: the platform takes no error from there for one.
import { createServer } from 'node:http';
import { createClient, staticResolver } from 'fairlead';

const server = createServer((_, response) => response.write('one')).listen(0, '127.0.0.1', async () => {
  const resolver = staticResolver([`127.0.0.1:${server.address().port}`]);
  const client = createClient({ services: { orders: { resolver, bodyIdleTimeoutMs: 200 } } });
  const response = await client.fetch('http://orders/');
  const { name, cause } = await response.text().catch((error) => error);
  console.log(JSON.stringify({ name, cause: { name: cause.name, code: cause.code } }));
  await client.close();
  server.close().closeAllConnections();
});

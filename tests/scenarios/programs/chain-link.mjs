// One service of a chain: serves by calling the next one, and calls it when told to.
import { createServer } from 'node:http';
import { createClient, runWithInbound, staticResolver } from 'fairlead';

const { NEXT } = process.env;
const client = createClient({ services: { next: { resolver: staticResolver([NEXT]) } } });
let served = 0;

async function callNext() {
  const response = await client.fetch('http://next/');
  await response.arrayBuffer();
  return response.status;
}

const server = createServer((request, response) => {
  served++;
  const end = (status) => response.writeHead(status).end();
  // A service whose own call is refused says so to whoever called it.
  runWithInbound(request.headers, callNext).then(end, () => end(503));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', async ({ calls, atOnce }) => {
  for (let made = 0; made < calls; made += atOnce)
    await Promise.allSettled(Array.from({ length: Math.min(atOnce, calls - made) }, callNext));
  process.send({ served });
});

/** Another protocol than HTTP: Fairlead chooses and judges, the connection is one's own. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createClient, staticResolver } from 'fairlead';

const server = createServer((socket) => socket.end('PONG')).listen(0);
const dead = '127.0.0.1:1';
const client = createClient({
  services: { cache: { resolver: staticResolver([`127.0.0.1:${server.address().port}`, dead]) } },
});

async function ping() {
  const tried = new Set();
  for (;;) {
    // Counted in flight from here until it is settled.
    const lease = client.pick('cache', { tried });
    const { host, port, id } = lease.endpoint;
    const socket = connect({ host, port });
    try {
      const [answer] = await once(socket, 'data');
      lease.settle({ kind: 'success' });
      return String(answer);
    } catch (error) {
      lease.settle({ kind: 'failure', reason: 'connect' });
      if (tried.has(id)) throw error;
      tried.add(id);
    } finally {
      socket.destroy();
    }
  }
}

for (let call = 1; call <= 5; call++) console.log(await ping());

await client.close();
server.close();

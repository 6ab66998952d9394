// Questions to name servers are under way all the time; only the one that a call waits for keeps the process alive.
import { createSocket } from 'node:dgram';
import { createClient, dnsResolver } from 'fairlead';

const server = createSocket('udp4');
server.bind(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
server.unref();
// Silent, but for the first questions about late.test: 127.0.0.1, after half a second.
server.on('message', (message, { port, address }) => {
  if (!message.includes('late')) return;
  const question = message.subarray(0, message.indexOf(0, 12) + 5);
  const reply = Buffer.concat([question, Buffer.from('c00c00010001000000010004' + '7f000001', 'hex')]);
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(1, 6);
  reply.writeUInt16BE(0, 10);
  setTimeout(() => server.send(reply, port, address), 500).unref();
});

const servers = [`127.0.0.1:${server.address().port}`];
const port = Number(new URL(`http://${process.env.ADDRESS}`).port);
const resolverOf = (name) => dnsResolver(name, { servers, port, family: 4, timeoutMs: 60_000 });
const client = createClient({
  services: {
    late: { resolver: resolverOf('late.test') },
    silent: { resolver: resolverOf('silent.test') },
  },
});
client.fetch('http://silent/').catch(() => {});
console.log('late', (await client.fetch('http://late/')).status);
await client.close({ timeoutMs: 0 });
// Asks on, and nobody waits.
createClient({ services: { silent: { resolver: resolverOf('silent.test') } } }).refresh('silent');

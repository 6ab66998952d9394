// Servers that do what the path asks for, however bad, in a process of their own. Answers over IPC how many connections are open.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';

const { PORTS, KEY, CERT } = process.env;
const sockets = new Set();
const later = (work, delayMs) => setTimeout(work, delayMs).unref();

/** `response.stream` is what HTTP/2 has in place of a socket. */
const behaviours = {
  ok: (_, response) => response.end('ok'),
  failed: (_, response) => response.writeHead(503).end('no'),
  hang: () => {},
  reset: ({ socket }, response) => (response.stream ?? socket).destroy(),
  // Its side of the connection ends without an answer, the other one stays open for as long as the client likes.
  halfOpen: ({ socket }, response) => (response.stream === undefined ? socket.end() : response.stream.close(8)),
  cut(request, response) {
    response.writeHead(200, { 'content-length': '65536' }).write('half of it');
    later(() => behaviours.reset(request, response), 10);
  },
  endless: (_, response) => response.writeHead(200).write('and so on'),
  slow(_, response) {
    let left = 5;
    const more = () => {
      if (left-- === 0) return response.end();
      response.write('x'.repeat(1_000));
      later(more, 10);
    };
    more();
  },
};

function serve(request, response) {
  request.on('error', () => {});
  response.on('error', () => {});
  const answer = () => !response.destroyed && behaviours[request.url.slice(1)](request, response);
  // Some answers come while the request is still on its way.
  if (request.headers['x-early'] !== undefined) answer();
  else request.on('end', answer);
  request.resume();
}

async function listen(server) {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${server.address().port}`;
}

const plain = () => createServer({ keepAliveTimeout: 60_000, allowHalfOpen: true }, serve);
const secure = () =>
  createSecureServer({ key: KEY, cert: CERT }, serve)
    .on('sessionError', () => {})
    .on('tlsClientError', () => {});
const addresses = await Promise.all(Array.from({ length: Number(PORTS) }, () => listen(plain())));
const secureAddresses = await Promise.all([listen(secure()), listen(secure())]);
process.on('message', () => process.send(sockets.size));
process.send({ addresses, secureAddresses });

// The least that a keep-alive server can do: for every head of a request the same few bytes.
import { once } from 'node:events';
import { createServer } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

const server = createServer((socket) => {
  let tail = '';
  socket.setNoDelay(true).on('error', () => {});
  socket.on('data', (bytes) => {
    const heads = (tail + bytes.latin1Slice()).split('\r\n\r\n');
    tail = heads.pop();
    if (heads.length > 0) socket.write(ANSWER.repeat(heads.length));
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send(`127.0.0.1:${server.address().port}`);
// Whoever started it may have failed.
process.on('disconnect', () => process.exit());

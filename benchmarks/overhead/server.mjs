/** The one endpoint: answers every request at once with a small JSON document, and tells its parent the port. */

import { createServer } from 'node:http';

const BODY = Buffer.from(JSON.stringify({ id: 4711, status: 'shipped', items: [1, 2, 3] }));
const HEADERS = { 'content-type': 'application/json', 'content-length': BODY.length };

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, HEADERS).end(BODY);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());

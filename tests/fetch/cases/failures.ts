/** The network and the server at their worst. */

import type { Socket } from 'node:net';

import { attempt, settle } from '../describe.js';

import { NO_SUCH_HOST, type FetchCase } from '../fetch-case.js';

const METHODS = ['GET', 'POST'] as const;

/** What a server says on the bare socket when a request has come, to a GET and to a POST. */
function spoken(name: string, speak: (socket: Socket) => void, more: { readonly atOnce?: true } = {}): FetchCase[] {
  return METHODS.map((method) => ({
    name: `failure: ${name}, ${method}`,
    speak: (socket) => void (more.atOnce ? speak(socket) : socket.once('data', () => speak(socket))),
    run: ({ fetch, url }) => settle(fetch(url(), method === 'GET' ? {} : { method, body: 'text' })),
  }));
}

const say =
  (text: string, then: 'end' | 'reset' | 'stay' = 'end') =>
  (socket: Socket): void => {
    socket.write(text, 'latin1', () => {
      if (then === 'end') socket.end();
      if (then === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
    });
  };

const OK = 'HTTP/1.1 200 OK\r\n';

const answers: FetchCase[] = [
  ...spoken('closed before the answer', (socket) => socket.end()),
  ...spoken('reset before the answer', (socket) => socket.resetAndDestroy()),
  ...spoken('closed at once', (socket) => socket.end(), { atOnce: true }),
  ...spoken('reset at once', (socket) => socket.resetAndDestroy(), { atOnce: true }),
  ...spoken('closed within the headers', say(`${OK}x-own: 1\r\n`)),
  ...spoken('closed within the body', say(`${OK}content-length: 10\r\n\r\nhalf`)),
  ...spoken('reset within the body', say(`${OK}content-length: 10\r\n\r\nhalf`, 'reset')),
  ...spoken('closed within a chunk', say(`${OK}transfer-encoding: chunked\r\n\r\n5\r\nhal`)),
  ...spoken('a chunk that is none', say(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`)),
  ...spoken('more than the length', say(`${OK}content-length: 2\r\nconnection: close\r\n\r\nmore`)),
  ...spoken('a body until the end of the connection', say(`${OK}\r\nuntil the end`)),
  ...spoken('a length that is no number', say(`${OK}content-length: x\r\n\r\nhalf`)),
  ...spoken(
    'a length and chunks',
    say(`${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  ),
  ...spoken('no HTTP', say('I do not speak HTTP\r\n\r\n')),
  ...spoken('HTTP/1.0', say('HTTP/1.0 200 Fine\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('HTTP/2.0', say('HTTP/2.0 200 Fine\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('no reason phrase', say('HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('a reason phrase in latin1', say('HTTP/1.1 200 K\xe4se\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('status 99', say('HTTP/1.1 99 Low\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('status 600', say('HTTP/1.1 600 High\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('status 1000', say('HTTP/1.1 1000 High\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken(
    'an upgrade that nobody asked for',
    say('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: own\r\n\r\n'),
  ),
  ...spoken('101 without an upgrade', say('HTTP/1.1 101 Switching Protocols\r\n\r\n')),
  ...spoken('a body to 204', say('HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok')),
  ...spoken('only 100', say('HTTP/1.1 100 Continue\r\n\r\n')),
  ...spoken('a bare line feed', say('HTTP/1.1 200 OK\ncontent-length: 2\n\nok')),
  ...spoken('a NUL in a header', say(`${OK}x-own: a\0b\r\ncontent-length: 2\r\n\r\nok`)),
];

const connections: FetchCase[] = [
  {
    name: 'failure: TLS where there is none',
    run: ({ fetch, origin }) => settle(fetch(origin.replace('http', 'https'))),
  },
  ...METHODS.flatMap((method): FetchCase[] => [
    {
      name: `failure: nobody listens, ${method}`,
      siblingIsDown: true,
      run: ({ fetch, sibling }) => settle(fetch(sibling, { method })),
    },
    {
      name: `failure: a name that does not exist, ${method}`,
      run: ({ fetch }) => settle(fetch(NO_SUCH_HOST, { method })),
    },
  ]),
  {
    name: 'failure: nobody listens, and the body is a stream',
    siblingIsDown: true,
    run: async ({ fetch, sibling }) => {
      const body = new Blob(['text']).stream();
      return [await settle(fetch(sibling, { method: 'POST', body, duplex: 'half' })), body.locked];
    },
  },
  {
    name: 'failure: nobody listens any more where a redirect leads',
    siblingIsDown: true,
    serve: (request, response) =>
      response.writeHead(307, { location: decodeURIComponent(request.url?.slice(2) ?? '') }).end(),
    run: ({ fetch, url, sibling }) => settle(fetch(url(`/?${encodeURIComponent(sibling)}`))),
  },
  {
    name: 'failure: within a body that is read in pieces',
    speak: (socket) => void socket.once('data', () => say(`${OK}content-length: 10\r\n\r\nhalf`, 'reset')(socket)),
    run: async ({ fetch, url }) => {
      const response = await fetch(url());
      const reader = response.body?.getReader();
      const first = await attempt(async () => Buffer.from((await reader?.read())?.value as Uint8Array).toString());
      return [first, await attempt(() => reader?.read()), await attempt(() => reader?.closed)];
    },
  },
  {
    name: 'failure: on a connection that was idle',
    speak: (socket) => {
      let requests = 0;
      socket.on('data', () => {
        if (requests++ === 0) socket.write(`${OK}content-length: 2\r\n\r\nok`);
        else socket.destroy();
      });
    },
    run: async ({ fetch, url }) => {
      const first = await settle(fetch(url()));
      return [first, await settle(fetch(url(), { method: 'POST', body: 'text' }))];
    },
  },
];

export const failures: readonly FetchCase[] = [...answers, ...connections];

/** An HTTP server in this process that remembers what came: connections, and the headers of requests. */

import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Listener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  /** Also those over which nothing was sent. */
  readonly connections: number;
  readonly requests: readonly { readonly url: string; readonly headers: IncomingHttpHeaders }[];
}

export interface ListenerOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default chosen by the system */
  readonly port?: number;
  /** Speaks https. @default plain http */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** @default answers 200 with an empty JSON object */
  readonly answer?: RequestListener;
}

export async function listen(options: ListenerOptions = {}): Promise<Listener> {
  const { host = '127.0.0.1', port = 0, tls, answer } = options;
  const requests: { url: string; headers: IncomingHttpHeaders }[] = [];
  let connections = 0;
  const onRequest: RequestListener = (request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    if (answer !== undefined) answer(request, response);
    else response.setHeader('content-type', 'application/json').end('{}');
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.on('connection', () => connections++);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const chosen = (server.address() as AddressInfo).port;
  return {
    host,
    port: chosen,
    address: `${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    requests,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Servers in this process, for what needs no process of its own: each answers by the function that it was given. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpListeners {
  /** `127.0.0.1:port`, in the order of the listeners. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export async function startHttpListeners(...listeners: readonly RequestListener[]): Promise<HttpListeners> {
  const servers = await Promise.all(listeners.map((listener) => listening(createServer(listener))));
  return {
    addresses: servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`),
    async close() {
      await Promise.all(
        servers.map((server) => new Promise((done) => (server.close(done), server.closeAllConnections()))),
      );
    },
  };
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** HTTP servers in this process, for what needs a real wire but no faults of a process. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NamedServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Requests so far. */
  count: number;
  /** What it answers. */
  status: number;
  /** Ends it with its connections: nobody listens there any more. */
  kill(): Promise<void>;
}

/** One for each name; each answers its name. */
export async function startNamedServers(names: readonly string[]): Promise<NamedServer[]> {
  return await Promise.all(names.map(startOne));
}

/** How many requests each got since the last call. */
export function countsOf(servers: readonly NamedServer[]): Record<string, number> {
  const counts = Object.fromEntries(servers.map(({ name, count }) => [name, count]));
  for (const server of servers) server.count = 0;
  return counts;
}

async function startOne(name: string): Promise<NamedServer> {
  const server: Server = createServer((_, response) => {
    local.count++;
    response.statusCode = local.status;
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const local: NamedServer = {
    name,
    host: '127.0.0.1',
    port,
    count: 0,
    status: 200,
    kill: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return local;
}

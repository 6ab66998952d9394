/**
 * HTTP servers of this process, each with a behaviour that a test writes down, and a client that is told by each call
 * which of them to send it to. For options whose effect is on single attempts; faults of processes need `startFleet`.
 */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Client } from '../../src/client/client.js';
import type { EndpointSnapshot, ServiceSnapshot } from '../../src/client/client-snapshot.js';
import { createClient } from '../../src/client/create-client.js';
import type { ServiceOptions } from '../../src/client/options.js';
import { staticResolver } from '../../src/control/resolvers/static-resolver.js';
import type { FairleadEvents } from '../../src/core/events.js';
import type { PickerFactory } from '../../src/data/picker.js';

export interface LocalServers {
  readonly client: Client;
  readonly servers: readonly Server[];
  readonly ejections: readonly FairleadEvents['eject'][0][];
  readonly unejections: readonly FairleadEvents['uneject'][0][];
  /** One GET to the server of that number by `client.fetch`; the status, or 'failed'. When it is out of use, to the first that is not. */
  call(index: number): Promise<number | 'failed'>;
  /** So many of these, one after the other. */
  calls(index: number, count: number): Promise<void>;
  endpoint(index: number): EndpointSnapshot;
  /** State of each. */
  states(): string[];
  snapshot(): ServiceSnapshot;
}

/** The endpoint of the port that is the call's key, if it can be had. */
const byKey: PickerFactory = ({ endpoints }) => ({
  pick: ({ hashKey }) =>
    Math.max(
      0,
      endpoints.findIndex(({ port }) => port === Number(hashKey)),
    ),
});

/** Neither retries nor rescues, so that a call is one attempt; the rest is as the options say, or the default. */
export async function withLocalServers<T = void>(
  behaviours: readonly RequestListener[],
  service: Partial<ServiceOptions>,
  play: (stage: LocalServers) => Promise<T>,
): Promise<T> {
  const servers = behaviours.map((behaviour) => createServer(behaviour));
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  const resolver = staticResolver(ports.map((port) => `127.0.0.1:${port}`));
  const client = createClient({
    services: { orders: { resolver, balancer: byKey, retry: false, hedge: false, ...service } },
  });
  const ejections: FairleadEvents['eject'][0][] = [];
  const unejections: FairleadEvents['uneject'][0][] = [];
  client.on('eject', (event) => ejections.push(event));
  client.on('uneject', (event) => unejections.push(event));
  const snapshot = (): ServiceSnapshot => client.snapshot().services['orders']!;
  const call = async (index: number): Promise<number | 'failed'> => {
    try {
      const response = await client.fetch('http://orders/', { fairlead: { hashKey: String(ports[index]) } });
      await response.text();
      return response.status;
    } catch {
      return 'failed';
    }
  };
  const endpoint = (index: number): EndpointSnapshot => snapshot().endpoints.find(({ port }) => port === ports[index])!;
  try {
    await client.ready();
    return await play({
      client,
      servers,
      ejections,
      unejections,
      call,
      async calls(index, count) {
        for (let n = 0; n < count; n++) await call(index);
      },
      endpoint,
      states: () => ports.map((_, index) => endpoint(index).state),
      snapshot,
    });
  } finally {
    await client.close({ timeoutMs: 0 });
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

export const good: RequestListener = (_, response) => void response.end('ok');

export const answers =
  (status: number): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end();

export const hangs: RequestListener = () => {};

export const breaksOff: RequestListener = (request) => void request.socket.destroy();

export const after =
  (delayMs: number): RequestListener =>
  (_, response) =>
    void setTimeout(() => response.end('ok'), delayMs);

/** Each request is for the next of these; from the last on, for that. */
export function inTurn(...behaviours: RequestListener[]): RequestListener {
  let next = 0;
  return (request, response) => behaviours[Math.min(next++, behaviours.length - 1)]!(request, response);
}

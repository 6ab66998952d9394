/**
 * The stage of the scenarios: a fleet of real servers that serve `orders`, a client that knows them by a fixed list and
 * has no other option set, and a record of what the client did.
 */

import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import type { EndpointSnapshot, ServiceSnapshot } from '../../src/client/client-snapshot.js';
import type { ClientOptions, ServiceOptions } from '../../src/client/options.js';
import { staticResolver } from '../../src/control/resolvers/static-resolver.js';
import type { AttemptReport } from '../../src/core/call-report.js';
import type { FairleadEvents } from '../../src/core/events.js';
import { startFleet, type Fleet, type FleetOptions, type FleetServer } from '../../src/testing/fleet.js';
import { startLoad, type Load, type LoadOptions } from './load.js';

/** Stamped with `performance.now()` at its end. */
export type Stamped<T> = T & { readonly atMs: number };

export interface Orders {
  readonly fleet: Fleet;
  readonly client: Client;
  readonly attempts: readonly Stamped<AttemptReport>[];
  readonly ejections: readonly Stamped<FairleadEvents['eject'][0]>[];
  readonly unejections: readonly Stamped<FairleadEvents['uneject'][0]>[];
  /** A GET that must be answered with 200; reads the whole answer. */
  get(path?: string, via?: Via): Promise<void>;
  /** As {@link startLoad}; ends with the scenario, also when that fails. */
  load(options: LoadOptions): Load;
  snapshot(): ServiceSnapshot;
  /** What the client makes of one server. */
  endpoint(server: FleetServer): EndpointSnapshot;
  /** Attempts at one server that *began* after an instant of `performance.now()`. */
  attemptsAt(server: FleetServer, sinceMs?: number): Stamped<AttemptReport>[];
}

export type Via = 'fetch' | 'request';

export interface OrdersOptions {
  readonly fleet: FleetOptions;
  /** Beside the resolver. @default nothing: the defaults are what must hold */
  readonly service?: Partial<ServiceOptions>;
  readonly client?: Partial<ClientOptions>;
}

/** Sets the stage, plays, and clears it away whatever happened. */
export async function withOrders(options: OrdersOptions, play: (orders: Orders) => Promise<void>): Promise<void> {
  const fleet = await startFleet(options.fleet);
  try {
    const client = createClient({
      ...options.client,
      services: { orders: { resolver: staticResolver(fleet.addresses), ...options.service } },
    });
    const loads: Load[] = [];
    try {
      await play(observed(fleet, client, loads));
    } finally {
      const ended = loads.map((load) => load.stop());
      await client.close({ timeoutMs: 0 });
      await Promise.all(ended);
    }
  } finally {
    await fleet.close();
  }
}

function observed(fleet: Fleet, client: Client, loads: Load[]): Orders {
  const attempts: Stamped<AttemptReport>[] = [];
  const ejections: Stamped<FairleadEvents['eject'][0]>[] = [];
  const unejections: Stamped<FairleadEvents['uneject'][0]>[] = [];
  client.on('attempt', (event) => attempts.push({ ...event, atMs: performance.now() }));
  client.on('eject', (event) => ejections.push({ ...event, atMs: performance.now() }));
  client.on('uneject', (event) => unejections.push({ ...event, atMs: performance.now() }));
  const snapshot = (): ServiceSnapshot => client.snapshot().services['orders']!;
  return {
    fleet,
    client,
    attempts,
    ejections,
    unejections,
    get: (path = '/', via = 'fetch') => get(client, path, via),
    load(options) {
      const load = startLoad(options);
      loads.push(load);
      return load;
    },
    snapshot,
    endpoint: ({ port }) => snapshot().endpoints.find((endpoint) => endpoint.port === port)!,
    attemptsAt: ({ address }, sinceMs = 0) =>
      attempts.filter((attempt) => attempt.address === address && attempt.atMs - attempt.durationMs >= sinceMs),
  };
}

async function get(client: Client, path: string, via: Via): Promise<void> {
  const url = `http://orders${path}`;
  if (via === 'request') {
    const { statusCode, body } = await client.request(url);
    await body.text();
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
    return;
  }
  const response = await client.fetch(url);
  await response.text();
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
}

/** For a while: that something does *not* happen can only be seen by waiting. */
export function spend(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a promise rejects with, whatever that is; an error when it does not. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it was expected to reject');
    },
    (reason: unknown) => reason,
  );
}

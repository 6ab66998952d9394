/** A client on a stub network under fake time, with a picker that takes endpoints in order. */

import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import type { ServiceSnapshot } from '../../src/client/client-snapshot.js';
import type { ClientOptions, ServiceOptions } from '../../src/client/options.js';
import type { EndpointInput } from '../../src/core/endpoint.js';
import type { EventName, FairleadEvents } from '../../src/core/events.js';
import type { PickerFactory } from '../../src/data/picker.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver, type ManualResolver } from '../../src/testing/manual-resolver.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { createStubWire, type StubWire } from './stub-wire.js';

export const SEED = 7;

/** The first endpoint that this call has not tried; the first one when it has tried all. */
export const inOrder: PickerFactory = ({ endpoints }) => ({
  pick: ({ tried }) =>
    Math.max(
      0,
      endpoints.findIndex(({ id }) => tried?.has(id) !== true),
    ),
});

export interface Bench {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly resolver: ManualResolver;
  readonly wire: StubWire;
  /** Settles what `promise` becomes while `ms` go by: its value or what it rejects with, or 'pending'. */
  outcome<T>(promise: Promise<T>, ms?: number): Promise<Settled<T>>;
  /** All events of these kinds from now on, in order. */
  record<N extends EventName>(...names: N[]): FairleadEvents[N][0][];
  snapshot(): ServiceSnapshot;
}

export type Settled<T> = { readonly value: T } | { readonly error: unknown } | 'pending';

export interface BenchOptions {
  /** Undefined leaves discovery without an answer. @default a:1, b:1, c:1 */
  readonly endpoints?: readonly EndpointInput[] | undefined;
  readonly service?: Partial<ServiceOptions>;
  readonly client?: Partial<ClientOptions>;
}

export function createBench(options: BenchOptions = {}): Bench {
  const endpoints = 'endpoints' in options ? options.endpoints : ['a:1', 'b:1', 'c:1'];
  const clock = createFakeClock();
  const resolver = createManualResolver(endpoints);
  const wire = createStubWire();
  const client = createClient({
    services: { orders: { resolver, balancer: inOrder, ...options.service } },
    fetch: wire.fetch,
    clock,
    random: createSeededRandom(SEED),
    ...options.client,
  });
  return {
    client,
    clock,
    resolver,
    wire,
    async outcome<T>(promise: Promise<T>, ms = 0) {
      let settled: Settled<T> = 'pending';
      promise.then(
        (value) => (settled = { value }),
        (error: unknown) => (settled = { error }),
      );
      await clock.advanceAsync(ms);
      return settled;
    },
    record(...names) {
      const events: FairleadEvents[(typeof names)[number]][0][] = [];
      for (const name of names) client.on(name, (event: (typeof events)[number]) => void events.push(event));
      return events;
    },
    snapshot: () => client.snapshot().services['orders'] as ServiceSnapshot,
  };
}

export function valueOf<T>(settled: Settled<T>): T {
  if (settled === 'pending') throw new Error('it is still pending');
  if ('error' in settled) throw settled.error;
  return settled.value;
}

export function errorOf(settled: Settled<unknown>): Record<string, unknown> & Error {
  if (settled === 'pending') throw new Error('it is still pending');
  if ('value' in settled) throw new Error('it was expected to reject');
  return settled.error as Record<string, unknown> & Error;
}

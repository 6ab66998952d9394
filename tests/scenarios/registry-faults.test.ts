/**
 * A registry with all its faults, under traffic, with default options: callers must not notice, and the snapshot must say
 * what is going on. With the defaults a fault shows when the last answer has aged, some ten seconds later; so every fault
 * has a registry and a client of its own, and all of them run at once.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { createClient, registryResolver, type Client, type ResolutionSnapshot } from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { startLoad, type LoadResult } from '../support/load.js';
import { until } from '../support/until.js';

interface Fault {
  readonly name: string;
  begin(registry: RegistryServer): Promise<void> | void;
  end(registry: RegistryServer): Promise<void> | void;
  /** What the snapshot says meanwhile. */
  readonly shows: Partial<Record<keyof ResolutionSnapshot, unknown>>;
}

const ok = (registry: RegistryServer): Promise<void> => registry.setMode({ kind: 'ok' });
const failing = (error: string): Fault['shows'] => ({
  status: 'found',
  stale: true,
  error: expect.stringContaining(error),
  held: undefined,
});
const doubted = { status: 'found', stale: false, error: undefined, held: 'empty' };

const FAULTS: readonly Fault[] = [
  {
    name: 'refuses connections',
    begin: (registry) => registry.setMode({ kind: 'down' }),
    end: ok,
    shows: failing('ECONNREFUSED'),
  },
  {
    name: 'was killed',
    begin: (registry) => registry.kill(),
    end: async (registry) => {
      await registry.restart();
      await registry.set('orders', fleet.addresses);
    },
    shows: failing('ECONNREFUSED'),
  },
  {
    name: 'answers 500',
    begin: (registry) => registry.setMode({ kind: 'status', status: 500 }),
    end: ok,
    shows: failing('status 500'),
  },
  {
    name: 'answers with garbage',
    begin: (registry) => registry.setMode({ kind: 'garbage' }),
    end: ok,
    shows: failing('JSON'),
  },
  {
    name: 'never answers',
    begin: (registry) => registry.setMode({ kind: 'hang' }),
    end: ok,
    shows: failing('no answer within 5000 ms'),
  },
  {
    name: 'is stopped',
    begin: (registry) => registry.pause(),
    end: (registry) => registry.resume(),
    shows: failing('no answer within 5000 ms'),
  },
  {
    name: 'answers that there is nobody',
    begin: (registry) => registry.setMode({ kind: 'empty' }),
    end: ok,
    shows: doubted,
  },
  {
    name: 'has forgotten everybody',
    begin: (registry) => registry.restart(),
    end: (registry) => registry.set('orders', fleet.addresses),
    shows: doubted,
  },
];

interface Course {
  readonly load: LoadResult;
  readonly before: ResolutionSnapshot;
  readonly during: ResolutionSnapshot;
  readonly later: ResolutionSnapshot;
  readonly endpoints: number;
}

const stateOf = (client: Client): ResolutionSnapshot => client.snapshot().services['orders']!.resolution;

async function run(fault: Fault): Promise<Course> {
  await using registry = await startRegistryServer({ services: { orders: fleet.addresses } });
  await using client = createClient({
    services: { orders: { resolver: registryResolver({ url: registry.urlOf('orders') }) } },
  });
  await client.ready();
  const load = startLoad({
    ratePerSecond: 25,
    call: async () => {
      const response = await client.fetch('http://orders/');
      if (response.status !== 200) throw new Error(`answered ${response.status}`);
      await response.arrayBuffer();
    },
  });
  const isWell = ({ error, held }: ResolutionSnapshot): boolean => error === undefined && held === undefined;

  const before = stateOf(client);
  await fault.begin(registry);
  await until(() => !isWell(stateOf(client)), { what: `the fault to show: ${fault.name}`, timeoutMs: 20_000 });
  const during = stateOf(client);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const later = stateOf(client);
  const { endpoints } = client.snapshot().services['orders']!;
  await fault.end(registry);
  await until(() => isWell(stateOf(client)), { what: `recovery: ${fault.name}`, timeoutMs: 20_000 });
  return { load: await load.stop(), before, during, later, endpoints: endpoints.length };
}

let fleet: Fleet;
const courses = new Map<string, Course>();

beforeAll(async () => {
  fleet = await startFleet({ size: 3 });
  await Promise.all(FAULTS.map(async (fault) => courses.set(fault.name, await run(fault))));
}, 60_000);
afterAll(() => fleet.close());

describe.each(FAULTS)('while the registry $name', ({ name, shows }) => {
  const course = (): Course => courses.get(name)!;

  it('callers see no error', () => {
    const { calls, errors } = course().load;
    expect(errors).toEqual([]);
    // Some ten seconds of 25 calls each: there was traffic.
    expect(calls).toBeGreaterThan(100);
    expect(course().endpoints).toBe(3);
  });

  it('the snapshot shows how old the list is, and why', () => {
    const { before, during, later } = course();
    expect(before).toMatchObject({ resolver: 'registry', status: 'found', stale: false, error: undefined });
    expect(during).toMatchObject(shows);
    expect(later).toMatchObject(shows);
    expect(during.ageMs).toBeGreaterThan(5_000);
    expect(later.ageMs).toBeGreaterThan(during.ageMs! + 900);
    if (during.error !== undefined) expect(later.failingForMs).toBeGreaterThan(900);
  });
});

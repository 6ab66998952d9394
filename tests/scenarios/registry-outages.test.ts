/**
 * What operators do to a registry, under traffic, for each way of following it: killed, brought back without its data,
 * stopped for ten seconds. Callers must not notice, and what changes afterwards must arrive. Every way has a registry and
 * a client of its own, and all of them run at once.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  createClient,
  registryResolver,
  type RegistryResolverOptions,
  type ResolutionSnapshot,
} from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startRegistryServer } from '../../src/testing/registry-server.js';
import { startLoad, type LoadResult } from '../support/load.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

interface Way {
  readonly name: string;
  /** Beside the URL; the rest is defaults. */
  readonly options: Partial<RegistryResolverOptions>;
  /** How soon a change must be known. */
  readonly withinMs: number;
}

const WAYS: readonly Way[] = [
  // Ten seconds and a tenth more, by chance. The others take half a second; the rest is for a busy machine.
  { name: 'polls', options: {}, withinMs: 14_000 },
  { name: 'polls by index', options: { longPoll: true }, withinMs: 5_000 },
  { name: 'polls by Prefer: wait', options: { longPoll: { style: 'prefer' } }, withinMs: 5_000 },
  { name: 'streams', options: { sse: true }, withinMs: 5_000 },
  { name: 'streams, impatiently', options: { sse: { idleTimeoutMs: 2_000 }, timeoutMs: 2_000 }, withinMs: 5_000 },
];

interface Course {
  readonly load: LoadResult;
  /** What the snapshot said: after the kill, after the return without data, after ten seconds of silence. */
  readonly killed: ResolutionSnapshot;
  readonly forgotten: ResolutionSnapshot;
  readonly stopped: ResolutionSnapshot;
  /** The least number of endpoints that were in use while the registry was ill. */
  readonly fewest: number;
  readonly learnedAfterMs: number;
}

async function run({ options, withinMs }: Way): Promise<Course> {
  await using registry = await startRegistryServer({ services: { orders: fleet.addresses }, heartbeatMs: 500 });
  await using client = createClient({
    services: { orders: { resolver: registryResolver({ url: registry.urlOf('orders'), ...options }) } },
  });
  await client.ready();
  let fewest = fleet.addresses.length;
  const load = startLoad({
    ratePerSecond: 20,
    call: async () => {
      fewest = Math.min(fewest, client.snapshot().services['orders']!.endpoints.length);
      const response = await client.fetch('http://orders/');
      if (response.status !== 200) throw new Error(`answered ${response.status}`);
      await response.arrayBuffer();
    },
  });
  const resolution = (): ResolutionSnapshot => client.snapshot().services['orders']!.resolution;
  const until20 = (what: string, holds: () => boolean): Promise<unknown> =>
    until(holds, { what: `${what}, with ${JSON.stringify(options)}`, timeoutMs: 20_000 });
  const isWell = (): boolean => resolution().error === undefined && resolution().held === undefined;

  await registry.kill();
  await until20('the kill to show', () => resolution().error !== undefined);
  const killed = resolution();
  await registry.restart();
  await until20('the empty answer', () => resolution().error === undefined && resolution().held === 'empty');
  await spend(1_000);
  const forgotten = resolution();
  await registry.set('orders', fleet.addresses);
  await until20('the return of the data', isWell);

  registry.pause();
  await spend(10_000);
  const stopped = resolution();
  registry.resume();
  await until20('the recovery', isWell);
  const fewestWhileIll = fewest;

  const changedAt = performance.now();
  await registry.set('orders', fleet.addresses.slice(0, 2));
  await until(() => client.snapshot().services['orders']!.endpoints.length === 2, {
    what: `the change, with ${JSON.stringify(options)}`,
    timeoutMs: withinMs,
  });
  const learnedAfterMs = performance.now() - changedAt;
  return { load: await load.stop(), killed, forgotten, stopped, fewest: fewestWhileIll, learnedAfterMs };
}

let fleet: Fleet;
const courses = new Map<string, Course>();

beforeAll(async () => {
  fleet = await startFleet({ size: 3 });
  await Promise.all(WAYS.map(async (way) => courses.set(way.name, await run(way))));
}, 120_000);
afterAll(() => fleet.close());

describe.each(WAYS)('a client that $name', ({ name }) => {
  const course = (): Course => courses.get(name)!;

  it('has no call fail', () => {
    const { calls, errors } = course().load;
    expect(errors).toEqual([]);
    // The ten seconds of silence alone, with 20 calls each, and some slack for a busy machine.
    expect(calls).toBeGreaterThan(180);
  });

  it('keeps all endpoints while the registry is dead, empty or silent, and says so', () => {
    const { fewest, killed, forgotten } = course();
    expect(fewest).toBe(3);
    expect(killed).toMatchObject({ status: 'found', stale: true, held: undefined });
    expect(killed.error).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/v1\/services\/orders: .*ECONN(?:REFUSED|RESET)/);
    expect(forgotten).toMatchObject({ status: 'found', stale: false, error: undefined, held: 'empty' });
  });
});

it('learns of a change at once where the registry holds or pushes', () => {
  for (const { name, withinMs } of WAYS) expect(courses.get(name)!.learnedAfterMs).toBeLessThan(withinMs);
});

it('notices a stopped registry by its silence, when it listens for comments', () => {
  expect(courses.get('streams')!.stopped.error).toBeUndefined();
  expect(courses.get('streams, impatiently')!.stopped).toMatchObject({
    status: 'found',
    error: expect.stringContaining('no answer within 2000 ms'),
  });
});

/** Calls of a client that knows where it is, to servers that are somewhere: zones, regions and priorities, over real connections. */

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import {
  createClient,
  staticResolver,
  type Client,
  type ClientOptions,
  type EndpointInput,
  type ServiceOptions,
} from '../../src/index.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { countsOf, startNamedServers, type NamedServer } from '../support/named-servers.js';

type Place = Pick<Exclude<EndpointInput, string>, 'zone' | 'region' | 'priority'>;

// Hundreds of calls over real connections, on machines of any speed.
jest.setTimeout(60_000);

let servers: NamedServer[] = [];
let client: Client;

afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await Promise.all(servers.map((server) => server.kill()));
});

async function start(
  places: Readonly<Record<string, Place>>,
  own: ClientOptions['locality'],
  service: Partial<ServiceOptions> = {},
): Promise<void> {
  servers = await startNamedServers(Object.keys(places));
  const resolver = staticResolver(servers.map(({ name, host, port }) => ({ host, port, ...places[name] })));
  client = createClient({
    services: { orders: { resolver, balancer: 'random', ...service } },
    ...(own === undefined ? {} : { locality: own }),
    random: createSeededRandom(11),
  });
  await client.ready();
}

/** How many of so many calls each server answered. No call may fail. */
async function calls(count: number, init: Parameters<Client['fetch']>[1] = {}): Promise<Record<string, number>> {
  for (let done = 0; done < count; done += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, count - done) }, async () => {
        const response = await client.fetch('http://orders/', init);
        expect(response.status).toBe(200);
        await response.text();
      }),
    );
  }
  return countsOf(servers);
}

const named = (prefix: string): NamedServer[] => servers.filter(({ name }) => name.startsWith(prefix));
const sum = (counts: Record<string, number>, prefix: string): number =>
  Object.entries(counts).reduce((total, [name, count]) => total + (name.startsWith(prefix) ? count : 0), 0);

/** So many of each zone, named by it. */
const zones = (counts: Readonly<Record<string, number>>): Record<string, Place> =>
  Object.fromEntries(
    Object.entries(counts).flatMap(([zone, count]) =>
      Array.from({ length: count }, (_, n) => [`${zone}${n}`, { zone }] as const),
    ),
  );

/** Five standard deviations. */
const near = (count: number, share: number): [number, number] => {
  const off = 5 * Math.sqrt(count * share * (1 - share));
  return [count * share - off, count * share + off];
};

function expectNear(actual: number, count: number, share: number): void {
  const [least, most] = near(count, share);
  expect(actual).toBeGreaterThan(least);
  expect(actual).toBeLessThan(most);
}

describe('zones', () => {
  it('keep calls at home where that suffices', async () => {
    await start(zones({ a: 3, b: 3 }), { zone: 'a' });
    expect(sum(await calls(100), 'b')).toBe(0);
  });

  it('share what home cannot carry, by what the others have to spare', async () => {
    await start(zones({ a: 1, b: 3, c: 2 }), { zone: 'a' });
    const counts = await calls(600);
    // A third of the callers and a sixth of the servers: one half stays. Only b has more than its third.
    expectNear(sum(counts, 'a'), 600, 0.5);
    expect(sum(counts, 'c')).toBe(0);
  });

  it('are not told apart by default: without a place, with fewer than six, or where a service says so', async () => {
    const even = async (...args: Parameters<typeof start>): Promise<void> => {
      await start(...args);
      const counts = await calls(200);
      expectNear(sum(counts, 'b'), 200, 0.5);
      await client.close();
      await Promise.all(servers.map((server) => server.kill()));
    };
    await even(zones({ a: 3, b: 3 }), undefined);
    await even(zones({ a: 2, b: 2 }), { zone: 'a' });
    await even(zones({ a: 3, b: 3 }), { zone: 'a' }, { locality: false });
  });

  it('minEndpoints: count with fewer, where that is asked for', async () => {
    await start(zones({ a: 1, b: 1 }), { zone: 'a' }, { locality: { minEndpoints: 2 } });
    expect(sum(await calls(50), 'b')).toBe(0);
  });

  it('callers: is believed about where calls come from', async () => {
    await start(zones({ a: 3, b: 3 }), { zone: 'a' }, { locality: { callers: { a: 4, b: 1 } } });
    // Four fifths of the calls come from a, which has half of the servers: five eighths stay.
    expectNear(sum(await calls(600), 'a'), 600, 0.625);
  });

  it('preferRatio: sends a part of the calls to everybody', async () => {
    await start(zones({ a: 3, b: 3 }), { zone: 'a' }, { locality: { preferRatio: 0.6 } });
    expectNear(sum(await calls(600), 'b'), 600, 0.4 * 0.5);
  });

  it('do not move keys', async () => {
    await start(zones({ a: 3, b: 3 }), { zone: 'a' }, { balancer: { policy: 'maglev', boundedLoad: false } });
    let inB = 0;
    for (let key = 0; key < 40; key++) {
      const counts = await calls(2, { fairlead: { hashKey: `user-${key}` } });
      expect(Math.max(...Object.values(counts))).toBe(2);
      inB += sum(counts, 'b');
    }
    expect(inB).toBeGreaterThan(20);
  });

  it('cost no call when the own one is gone, all at once', async () => {
    await start(zones({ a: 4, b: 4, c: 4 }), { zone: 'a' }, { balancer: 'adaptive' });
    expect(sum(await calls(100), 'a')).toBe(100);
    await Promise.all(named('a').map((server) => server.kill()));
    const counts = await calls(200);
    expect(sum(counts, 'b') + sum(counts, 'c')).toBe(200);
    expect(client.explain('orders').endpoints.filter(({ eligible }) => eligible).length).toBeGreaterThanOrEqual(8);
  });
});

describe('regions', () => {
  it('keep calls at home, and take over when home is gone', async () => {
    await start(
      { eu0: { region: 'eu' }, eu1: { region: 'eu' }, us0: { region: 'us' }, us1: { region: 'us' } },
      { region: 'eu' },
    );
    expect(sum(await calls(60), 'us')).toBe(0);
    expect(client.snapshot().services['orders']?.groups).toEqual([
      { priority: 0, otherRegion: false, zone: undefined, share: 1, endpoints: 2 },
      { priority: 0, otherRegion: true, zone: undefined, share: 0, endpoints: 2 },
    ]);
    await Promise.all(named('eu').map((server) => server.kill()));
    expect(sum(await calls(60), 'us')).toBe(60);
  });
});

describe('priorities', () => {
  const places: Record<string, Place> = {
    ...Object.fromEntries(['p0', 'p1', 'p2', 'p3'].map((name) => [name, { priority: 0 }])),
    ...Object.fromEntries(['s0', 's1'].map((name) => [name, { priority: 1 }])),
  };

  it('spill over by 1.4 times the healthy share', async () => {
    await start(places, undefined, { ejection: { consecutiveFailures: 2, contrast: false }, retry: false });
    expect(sum(await calls(60), 's')).toBe(0);
    for (const server of named('p').slice(0, 2)) server.status = 503;
    while (client.snapshot().services['orders']!.endpoints.filter(({ state }) => state === 'ejected').length < 2)
      await (await client.fetch('http://orders/')).text();
    countsOf(servers);
    // Two of four are out: 70 % stay.
    expectNear(sum(await calls(600), 's'), 600, 0.3);
    const words = new Set(client.explain('orders').endpoints.map((endpoint) => endpoint.words));
    expect(words).toContain('in use: priority 1 gets 30 % of the calls');
  });

  it('let a call go on to the next when it reaches nobody of the first, before health knows', async () => {
    await start({ p0: { priority: 0 }, s0: { priority: 1 } }, undefined, { ejection: false });
    await named('p')[0]!.kill();
    expect(await calls(20, { method: 'POST', body: 'x' })).toEqual({ p0: 0, s0: 20 });
  });
});

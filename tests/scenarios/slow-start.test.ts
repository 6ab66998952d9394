/** Endpoints that come new, or come back, among real servers; the client's clock is the test's. */

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { createClient, type Client, type ServiceOptions } from '../../src/index.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver, type ManualResolver } from '../../src/testing/manual-resolver.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { countsOf, startNamedServers, type NamedServer } from '../support/named-servers.js';

// Hundreds of calls over real connections, on machines of any speed.
jest.setTimeout(60_000);

let servers: NamedServer[] = [];
let client: Client;
let clock: FakeClock;
let resolver: ManualResolver;

afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await Promise.all(servers.map((server) => server.kill()));
});

const addressOf = ({ host, port }: NamedServer): string => `${host}:${port}`;

/** Four servers, of which the first three are known from the start. */
async function start(service: Partial<ServiceOptions>): Promise<void> {
  servers = await startNamedServers(['old0', 'old1', 'old2', 'new']);
  clock = createFakeClock();
  resolver = createManualResolver(servers.slice(0, 3).map(addressOf));
  client = createClient({
    services: { orders: { resolver, balancer: 'random', retry: false, ...service } },
    clock,
    random: createSeededRandom(5),
  });
}

const announce = (): void => void resolver.set(servers.map(addressOf));

async function calls(count: number): Promise<Record<string, number>> {
  for (let call = 0; call < count; call++) await (await client.fetch('http://orders/')).text();
  return countsOf(servers);
}

/** Within five standard deviations. */
async function expectShareOfNew(share: number): Promise<void> {
  const count = 300;
  const got = (await calls(count))['new'] ?? 0;
  expect(Math.abs(got - count * share)).toBeLessThanOrEqual(5 * Math.sqrt(count * share * (1 - share)));
}

const wordsOfNew = (): string | undefined =>
  client.explain('orders').endpoints.find(({ id }) => id.endsWith(`:${servers[3]!.port}`))?.words;

describe('slowStart', () => {
  it('lets a new endpoint get to its share by and by', async () => {
    await start({ slowStart: {} });
    announce();
    expect(wordsOfNew()).toBe('in use, warming up at 10 % of its weight');
    await expectShareOfNew(0.1 / 3.1);
    clock.advance(15_000);
    expect(wordsOfNew()).toBe('in use, warming up at 50 % of its weight');
    await expectShareOfNew(0.5 / 3.5);
    clock.advance(15_000);
    expect(wordsOfNew()).toBe('in use');
    await expectShareOfNew(0.25);
  });

  it('is off by default', async () => {
    await start({});
    announce();
    expect(wordsOfNew()).toBe('in use');
    await expectShareOfNew(0.25);
  });

  it('windowMs, aggression, minWeightRatio: how long, in which shape, from where', async () => {
    await start({ slowStart: { windowMs: 1_000, aggression: 0.5, minWeightRatio: 0.2 } });
    announce();
    await expectShareOfNew(0.2 / 3.2);
    clock.advance(500);
    expect(wordsOfNew()).toBe('in use, warming up at 25 % of its weight');
    await expectShareOfNew(0.25 / 3.25);
    clock.advance(500);
    expect(wordsOfNew()).toBe('in use');
  });

  it('takes those of the first answer for warm', async () => {
    await start({ slowStart: {} });
    expect(client.snapshot().services['orders']!.endpoints.map(({ warmingRatio }) => warmingRatio)).toEqual(
      new Array(3).fill(undefined),
    );
  });

  it('begins anew for an endpoint that comes back from ejection', async () => {
    await start({ slowStart: {}, ejection: { consecutiveFailures: 2, baseEjectionMs: 1_000, jitterRatio: 0 } });
    const stateOf = (): { state: string; warmingRatio: number | undefined } =>
      client.snapshot().services['orders']!.endpoints[0]!;
    servers[0]!.status = 503;
    while (stateOf().state !== 'ejected') await calls(1);
    servers[0]!.status = 200;
    clock.advance(1_000);
    expect(stateOf().state).toBe('probing');
    for (let call = 0; call < 50 && stateOf().state !== 'healthy'; call++) {
      await calls(1);
      clock.advance(1_000);
    }
    const { warmingRatio } = stateOf();
    expect(warmingRatio).toBeGreaterThanOrEqual(0.1);
    expect(warmingRatio).toBeLessThan(0.2);
  });
});

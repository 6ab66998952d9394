/** What happens to Eureka must not happen to callers: deploys are followed, and outages are not noticed, under traffic. */

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { eurekaResolver, type EurekaResolverOptions } from '../../src/eureka.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startEurekaServer, type EurekaServer } from '../support/eureka-server.js';
import { playLossOfData, playSilence } from '../support/registry-outages.js';
import { underTrafficOf, type Traffic } from '../support/traffic.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

let fleet: Fleet;
let ports: number[];

beforeAll(async () => {
  fleet = await startFleet({ size: 4 });
  ports = fleet.servers.map(({ port }) => port);
});
afterAll(() => fleet.close());

const idOf = (port: number | undefined): string => `127.0.0.1:orders:${port}`;

async function registerAll(eureka: EurekaServer, which: readonly number[] = ports): Promise<void> {
  for (const port of which) await eureka.register('orders', { port });
  await eureka.register('stock', { port: 1, status: 'DOWN' });
}

/** With the defaults, but for the pace: once a second instead of every thirty. */
function underTraffic(
  options: Partial<EurekaResolverOptions>,
  play: (traffic: Traffic) => Promise<void>,
): Promise<void> {
  const resolver = eurekaResolver({ url: '', app: 'orders', ttlMs: 1_000, ...options });
  return underTrafficOf({ resolver, cache: { minTtlMs: 1_000, negativeTtlMs: 1_000 } }, play);
}

describe.each([{ delta: false }, { delta: true }])('with delta: $delta', ({ delta }) => {
  it('a rolling deploy is followed: instances that come, are taken out, are put back, and go', async () => {
    await using eureka = await startEurekaServer();
    await registerAll(eureka, ports.slice(0, 3));
    await underTraffic({ url: eureka.url, delta }, async ({ uses, goesOn }) => {
      await uses(...ports.slice(0, 3));
      await eureka.register('orders', { port: ports[3] as number });
      await uses(...ports);
      await eureka.override('orders', idOf(ports[0]), 'OUT_OF_SERVICE');
      await uses(...ports.slice(1));
      await eureka.override('orders', idOf(ports[0]), 'UP');
      await uses(...ports);
      await eureka.cancel('orders', idOf(ports[1]));
      await uses(...ports.filter((_, at) => at !== 1));
      await goesOn();
      const { requests } = await eureka.stats();
      const full = requests.filter((request) => request === 'GET /eureka/apps').length;
      expect(full).toBe(delta ? 1 : 0);
    });
  });

  it('a kill, and a restart that has forgotten everybody, change nothing; who registers anew is found', async () => {
    await using eureka = await startEurekaServer();
    await registerAll(eureka);
    await underTraffic({ url: eureka.url, delta }, async (traffic) => {
      const { uses, snapshot, goesOn } = traffic;
      await uses(...ports);
      expect(snapshot().resolution.resolver).toBe('eureka');
      await playLossOfData(traffic, eureka);
      for (const port of ports.slice(0, 3)) await registerAll(eureka, [port]);
      await uses(...ports.slice(0, 3));
      await until(() => snapshot().resolution.error === undefined, { what: 'the recovery' });
      expect(snapshot().resolution).toMatchObject({ held: undefined, stale: false });
      await registerAll(eureka, ports.slice(3));
      await uses(...ports);
      await goesOn();
    });
  });

  it('ten seconds of silence are not noticed, and what happened meanwhile is known right after', async () => {
    await using eureka = await startEurekaServer();
    await registerAll(eureka, ports.slice(0, 3));
    await underTraffic({ url: eureka.url, delta }, async (traffic) => {
      await traffic.uses(...ports.slice(0, 3));
      await playSilence(traffic, eureka);
      await registerAll(eureka, ports.slice(3));
      await traffic.uses(...ports);
    });
  });

  it('the loss of one server of two makes the other one answer', async () => {
    await using first = await startEurekaServer();
    await using second = await startEurekaServer();
    await Promise.all([registerAll(first, ports.slice(0, 3)), registerAll(second)]);
    await underTraffic({ url: [first.url, second.url], delta }, async ({ uses, snapshot, goesOn }) => {
      await uses(...ports.slice(0, 3));
      await first.kill();
      expect(await uses(...ports)).toBeLessThan(3_000);
      expect(snapshot().resolution).toMatchObject({ status: 'found', stale: false, error: undefined });
      await second.cancel('orders', idOf(ports[0]));
      await uses(...ports.slice(1));
      await goesOn();
    });
  });
});

it('a wrong password, a wrong path and an unknown application are told apart', async () => {
  const credentials = { username: 'ada', password: 'hunter2-hunter2' };
  await using eureka = await startEurekaServer({ credentials });
  await registerAll(eureka);
  const controller = new AbortController();
  const ask = async (options: Partial<EurekaResolverOptions>): Promise<unknown> =>
    eurekaResolver({ url: eureka.url, app: 'orders', ...credentials, ...options })
      .resolve(controller)
      .then(
        ({ endpoints }) => endpoints.length,
        (error: unknown) => (error as Error).message,
      );
  expect(await ask({})).toBe(4);
  expect(await ask({ app: 'users' })).toBe(0);
  expect(await ask({ password: 'wrong-wrong' })).toBe(`GET ${eureka.url}/apps/ORDERS: status 401`);
  expect(await ask({ url: `${eureka.url}/v3` })).toContain('status 404, but this seems to be no Eureka');
});

it('ports, zones and virtual host names arrive as they were registered, in both forms of lists', async () => {
  for (const singles of ['array', 'object'] as const) {
    await using eureka = await startEurekaServer({ singles });
    await eureka.register('orders', {
      port: { $: 8080, '@enabled': false },
      securePort: { $: 8443, '@enabled': true },
      hostName: 'orders-1.example',
      ipAddr: '10.0.0.1',
      vipAddress: 'orders.vip,shop.vip',
      dataCenterInfo: { name: 'Amazon', metadata: { 'availability-zone': 'us-east-1c' } },
    });
    for (const delta of [false, true]) {
      const resolver = eurekaResolver({ url: eureka.url, vip: 'shop.vip', preferIp: true, delta });
      const { endpoints } = await resolver.resolve(new AbortController());
      expect(endpoints).toEqual([
        {
          scheme: 'https',
          host: '10.0.0.1',
          port: 8443,
          hostname: 'orders-1.example',
          zone: 'us-east-1c',
          metadata: { 'eureka.app': 'ORDERS', 'eureka.instanceId': 'orders-1.example:orders:8080' },
        },
      ]);
    }
  }
});

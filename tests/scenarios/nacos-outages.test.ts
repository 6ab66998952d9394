/** What happens to Nacos must not happen to callers: deploys are followed, and outages are not noticed, under traffic. */

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { nacosResolver, type NacosResolverOptions } from '../../src/nacos.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startNacosServer, type NacosServer } from '../support/nacos-server.js';
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

async function registerAll(nacos: NacosServer, which: readonly number[] = ports): Promise<void> {
  for (const port of which) await nacos.register('orders', { port });
}

/** With the defaults, but for the pace: once a second instead of every ten. */
function underTraffic(
  options: Partial<NacosResolverOptions>,
  play: (traffic: Traffic) => Promise<void>,
): Promise<void> {
  const resolver = nacosResolver({ url: '', service: 'orders', ttlMs: 1_000, ...options });
  return underTrafficOf({ resolver, cache: { minTtlMs: 1_000, negativeTtlMs: 1_000 } }, play);
}

async function ask(options: Partial<NacosResolverOptions>): Promise<unknown> {
  const resolver = nacosResolver({ url: '', service: 'orders', ...options });
  return resolver.resolve(new AbortController()).then(
    ({ endpoints }) => endpoints,
    (error: unknown) => (error as Error).message,
  );
}

describe.each(['v1', 'v2', 'v3'] as const)('by %s', (version) => {
  it('a rolling deploy is followed: instances that come, are taken out, are put back, and go', async () => {
    await using nacos = await startNacosServer();
    await registerAll(nacos, ports.slice(0, 3));
    await underTraffic({ url: nacos.url, version }, async ({ uses, endpoints, goesOn }) => {
      const [first, second, , fourth] = ports as [number, number, number, number];
      await uses(...ports.slice(0, 3));
      await nacos.register('orders', { port: fourth });
      await uses(...ports);
      await nacos.register('orders', { port: first, enabled: false });
      await uses(...ports.slice(1));
      await nacos.register('orders', { port: first, weight: 3 });
      await uses(...ports);
      await until(() => endpoints().some(({ port, weight }) => port === first && weight === 3), { what: 'the weight' });
      await nacos.register('orders', { port: second, healthy: false });
      await uses(...ports.filter((port) => port !== second));
      await nacos.deregister('orders', fourth);
      await uses(...ports.filter((port) => port !== second && port !== fourth));
      await goesOn();
    });
  });
});

it('a kill, and a restart that has forgotten everybody, change nothing; who registers anew is found', async () => {
  const credentials = { username: 'ada', password: 'hunter2' };
  await using nacos = await startNacosServer({ credentials });
  await registerAll(nacos);
  await underTraffic({ url: nacos.url, ...credentials }, async (traffic) => {
    const { uses, snapshot, goesOn } = traffic;
    await uses(...ports);
    expect(snapshot().resolution.resolver).toBe('nacos');
    await playLossOfData(traffic, nacos);
    // The token of the old process was refused, and a new one got, before it said that it knows nobody.
    expect((await nacos.stats()).logins).toBe(1);
    for (const port of ports.slice(0, 3)) await registerAll(nacos, [port]);
    await uses(...ports.slice(0, 3));
    await until(() => snapshot().resolution.error === undefined, { what: 'the recovery' });
    expect(snapshot().resolution).toMatchObject({ held: undefined, stale: false });
    await registerAll(nacos, ports.slice(3));
    await uses(...ports);
    await goesOn();
  });
});

it('ten seconds of silence are not noticed, and what happened meanwhile is known right after', async () => {
  await using nacos = await startNacosServer();
  await registerAll(nacos, ports.slice(0, 3));
  await underTraffic({ url: nacos.url }, async (traffic) => {
    await traffic.uses(...ports.slice(0, 3));
    await playSilence(traffic, nacos);
    await registerAll(nacos, ports.slice(3));
    await traffic.uses(...ports);
  });
});

it('the loss of one server of two makes the other one answer, and a clock that is set back is no harm', async () => {
  await using first = await startNacosServer();
  await using second = await startNacosServer();
  await Promise.all([registerAll(first, ports.slice(0, 3)), registerAll(second)]);
  await underTraffic({ url: [first.url, second.url] }, async ({ uses, snapshot, goesOn }) => {
    await uses(...ports.slice(0, 3));
    await second.setClockBack(3_600_000);
    await first.kill();
    expect(await uses(...ports)).toBeLessThan(3_000);
    expect(snapshot().resolution).toMatchObject({ status: 'found', stale: false, error: undefined });
    await second.setClockBack(3_600_000);
    await second.deregister('orders', ports[0] as number);
    await uses(...ports.slice(1));
    await goesOn();
  });
});

it('tokens that run out, or are revoked, are renewed without anybody noticing', async () => {
  const credentials = { username: 'ada', password: 'hunter2' };
  await using nacos = await startNacosServer({ credentials, tokenTtl: 2 });
  await registerAll(nacos);
  await underTraffic({ url: nacos.url, ...credentials }, async ({ uses, snapshot }) => {
    await uses(...ports);
    await until(async () => (await nacos.stats()).logins > 0, {
      what: 'a renewal',
      timeoutMs: 10_000,
      intervalMs: 500,
    });
    await nacos.forgetTokens();
    await nacos.deregister('orders', ports[0] as number);
    await uses(...ports.slice(1));
    expect(snapshot().resolution).toMatchObject({ error: undefined });
  });
});

it('groups, namespaces and clusters are told apart', async () => {
  await using nacos = await startNacosServer();
  await nacos.register('orders', { port: 1 });
  await nacos.register('orders', { port: 2, clusterName: 'east', weight: 2, metadata: { version: '7' } });
  await nacos.register('SHOP@@orders', { port: 3 });
  const { url } = nacos;
  const portsOf = async (options: Partial<NacosResolverOptions>): Promise<number[]> =>
    ((await ask({ url, ...options })) as { port: number }[]).map(({ port }) => port);

  for (const version of ['v1', 'v2', 'v3'] as const) {
    // Version 3 has no question for all clusters.
    expect(await portsOf({ version })).toEqual(version === 'v3' ? [1] : [1, 2]);
    expect(await portsOf({ version, clusters: ['east', 'DEFAULT'] })).toEqual([1, 2]);
    expect(await portsOf({ version, group: 'SHOP' })).toEqual([3]);
    expect(await portsOf({ version, namespace: 'dev' })).toEqual([]);
    expect(await portsOf({ version, service: 'nobody' })).toEqual([]);
    expect(await ask({ url, version, clusters: ['east'] })).toEqual([
      {
        host: '127.0.0.1',
        port: 2,
        weight: 2,
        zone: 'east',
        metadata: {
          'nacos.instanceId': '127.0.0.1#2#east#DEFAULT_GROUP@@orders',
          'nacos.cluster': 'east',
          version: '7',
        },
      },
    ]);
  }
});

it('whoever is protected by the threshold is used, healthy or not', async () => {
  await using nacos = await startNacosServer();
  for (const [at, port] of [1, 2, 3, 4].entries()) await nacos.register('orders', { port, healthy: at === 0 });
  expect(await ask({ url: nacos.url })).toHaveLength(1);
  await nacos.protect('orders', 0.5);
  expect(await ask({ url: nacos.url })).toHaveLength(4);
});

it('each generation of servers is understood, and their refusals', async () => {
  const credentials = { username: 'ada', password: 'hunter2' };
  await using nacos = await startNacosServer({ credentials });
  await registerAll(nacos);
  const { url } = nacos;
  const generations = {
    '1.x': { v2: 'unknown', v3: 'unknown' },
    '2.x': { v3: 'unknown' },
    '3.x': { v2: 'gone' },
    '3.x without old clients': { v1: 'gone', v2: 'gone' },
    none: { v1: 'unknown', v2: 'unknown', v3: 'unknown' },
  } as const;
  const found: Record<string, unknown> = {};
  for (const [name, apis] of Object.entries(generations)) {
    await nacos.setApis(apis);
    const answer = await ask({ url, ...credentials });
    found[name] = typeof answer === 'string' ? answer : (answer as unknown[]).length;
  }
  expect(found).toEqual({
    '1.x': 4,
    '2.x': 4,
    '3.x': 4,
    '3.x without old clients': 4,
    none: `POST ${url}/nacos/v1/auth/login: status 404`,
  });
  await nacos.setApis({});
  expect(await ask({ url })).toBe(`GET ${url}/nacos/v2/ns/instance/list: status 403`);
  expect(await ask({ url, username: 'ada', password: 'wrong' })).toBe(
    `POST ${url}/nacos/v3/auth/user/login: status 403`,
  );
});

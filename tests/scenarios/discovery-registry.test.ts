/** The registry resolver and its feed against a registry in a process of its own, with everything that registries do. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import type { Resolution } from '../../src/core/resolution.js';
import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import { firstOf } from '../../src/control/resolvers/first-of.js';
import type { RegistryResolverOptions } from '../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../src/control/resolvers/registry-resolver.js';
import { staticResolver } from '../../src/control/resolvers/static-resolver.js';
import type { Resolver } from '../../src/core/resolver.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { until } from '../support/until.js';

const TOKEN = 'hunter2-token';
const FOUR = [1, 2, 3, 4].map((i) => `10.0.0.${i}:80`);

/** The defaults, a hundred times as fast, but for the grace and the age, which no test here should reach. */
const FAST = {
  ...SETTINGS,
  minTtlMs: 100,
  negativeTtlMs: 100,
  minRefreshIntervalMs: 100,
  askTimeoutMs: 500,
  retryBaseMs: 20,
  retryMaxMs: 100,
};

describe('discovery by a registry', () => {
  let registry: RegistryServer;
  let feed: Feed | undefined;
  let changes: Resolution[] = [];

  beforeAll(async () => {
    registry = await startRegistryServer({ token: TOKEN });
  });
  beforeEach(async () => {
    changes = [];
    await registry.setMode({ kind: 'ok' });
    await registry.set('orders', FOUR);
  });
  afterEach(() => feed?.close());
  afterAll(() => registry.close());

  const resolver = (options: Partial<RegistryResolverOptions> = {}): Resolver =>
    registryResolver({
      url: registry.urlOf('orders'),
      headers: { authorization: `Bearer ${TOKEN}` },
      ttlMs: 100,
      timeoutMs: 300,
      ...options,
    });

  function start(given: Resolver): Feed {
    feed = createFeed({
      resolver: given,
      cache: FAST,
      clock: systemClock,
      random: systemRandom,
      onChange: (resolution) => changes.push(resolution),
    });
    feed.start();
    return feed;
  }

  const known = (): Resolution => (feed as Feed).resolution();
  const found = (count: number): Promise<unknown> =>
    until(() => known().endpoints.length === count && known().error === undefined, { what: `${count} endpoints` });
  const failing = (): Promise<unknown> => until(() => known().failingSinceMs !== undefined, { what: 'a failure' });

  it('follows what is registered, and costs a 304 while nothing changes', async () => {
    start(resolver());
    await found(4);
    const before = await registry.stats();
    await until(async () => (await registry.stats()).notModified >= before.notModified + 3, { what: 'three 304s' });
    expect(changes).toHaveLength(1);
    await registry.register('orders', { target: '10.0.0.5:80', labels: { zone: 'b', weight: '2' } });
    await found(5);
    expect(known().endpoints[4]).toMatchObject({ zone: 'b', weight: 2 });
  });

  it.each([
    { kind: 'down' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 404 },
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:9/' } },
    { kind: 'garbage' },
    { kind: 'hang' },
    { kind: 'content-type', contentType: 'text/html' },
    { kind: 'huge', bytes: 6_000_000 },
  ] as const)('serves what it knew while the registry answers with $kind', async (mode) => {
    start(resolver());
    await found(4);
    const { endpoints } = known();
    await registry.setMode(mode);
    // Adding to the list keeps a 304 from hiding a mode that is about bodies.
    await registry.set('orders', [...FOUR, '10.0.0.5:80']);
    await failing();
    expect(known()).toMatchObject({ status: 'found' });
    expect(known().endpoints).toBe(endpoints);
    expect(String(known().error)).not.toContain(TOKEN);
    await registry.setMode({ kind: 'ok' });
    await found(5);
  });

  it('does not believe a registry that suddenly knows nobody', async () => {
    start(resolver());
    await found(4);
    await registry.setMode({ kind: 'empty' });
    await until(() => known().held === 'empty', { what: 'the doubt' });
    const { requests } = await registry.stats();
    await until(async () => (await registry.stats()).requests > requests + 3, { what: 'more empty answers' });
    expect(known()).toMatchObject({ status: 'found', endpoints: { length: 4 } });
    await registry.setMode({ kind: 'ok' });
    await until(() => known().held === undefined, { what: 'the end of the doubt' });
    expect(changes.every(({ endpoints }) => endpoints.length === 4)).toBe(true);
  });

  it('does not believe a registry that comes back from the dead with nothing', async () => {
    start(resolver());
    await found(4);
    await registry.kill();
    await failing();
    await registry.restart();
    await until(() => known().error === undefined, { what: 'an answer of the new process' });
    expect(known()).toMatchObject({ status: 'found', held: 'empty', endpoints: { length: 4 } });
  });

  it('does not stall on a registry process that is stopped', async () => {
    start(resolver());
    await found(4);
    registry.pause();
    try {
      await failing();
      expect(known()).toMatchObject({ status: 'found', endpoints: { length: 4 } });
    } finally {
      registry.resume();
    }
    await found(4);
  });

  it('says why it could not ask the first time, and recovers by itself', async () => {
    await registry.setMode({ kind: 'status', status: 503 });
    start(resolver());
    await until(() => known().status === 'failed', { what: 'the first failure' });
    expect(String(known().error)).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/v1\/services\/orders: status 503$/);
    await registry.setMode({ kind: 'ok' });
    await found(4);
  });

  it('says that a token is missing, and nothing about tokens', async () => {
    start(resolver({ headers: { authorization: 'Bearer wrong-one' } }));
    await until(() => known().status === 'failed', { what: 'the refusal' });
    expect(String(known().error)).toMatch(/status 401$/);
  });

  it('falls back to a fixed list while the registry is down from the start, and returns to it', async () => {
    await registry.setMode({ kind: 'down' });
    start(firstOf(resolver(), staticResolver(['10.9.9.9:80'])));
    await until(() => known().endpoints[0]?.host === '10.9.9.9', { what: 'the fallback' });
    await registry.setMode({ kind: 'ok' });
    await found(4);
  });

  describe('with long polls', () => {
    const polling = { longPoll: { waitMs: 5_000 } };
    const isHeld = (): Promise<unknown> =>
      until(async () => (await registry.stats()).waiting === 1, { what: 'the request to be held' });

    it('hears of a change at once, on one held request', async () => {
      start(resolver(polling));
      await found(4);
      await isHeld();
      const { requests } = await registry.stats();
      await registry.set('orders', FOUR.slice(0, 3));
      await found(3);
      expect((await registry.stats()).requests).toBeLessThanOrEqual(requests + 1);
    });

    it('survives a registry that loses its index, and lets go of its request at the end', async () => {
      start(resolver(polling));
      await found(4);
      await isHeld();
      await registry.restart();
      await registry.set('orders', FOUR.slice(0, 2));
      await found(2);
      await isHeld();
      feed?.close();
      await until(async () => (await registry.stats()).waiting === 0, { what: 'the request to be let go' });
    });
  });
});

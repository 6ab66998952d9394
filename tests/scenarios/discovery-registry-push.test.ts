/** What the registry resolver does beyond polling one address, against registries in processes of their own. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import type { Resolution } from '../../src/core/resolution.js';
import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import type { RegistryResolverOptions } from '../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../src/control/resolvers/registry-resolver.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const TOKEN = 'hunter2-token';
const FOUR = [1, 2, 3, 4].map((i) => `10.0.0.${i}:80`);

const FAST = {
  ...SETTINGS,
  minTtlMs: 100,
  negativeTtlMs: 100,
  minRefreshIntervalMs: 100,
  askTimeoutMs: 4_000,
  retryBaseMs: 20,
  retryMaxMs: 100,
};

let feed: Feed | undefined;
let errors: string[] = [];
beforeEach(() => void (errors = []));
afterEach(() => feed?.close());

function follow(options: RegistryResolverOptions): void {
  feed = createFeed({
    resolver: registryResolver({ ttlMs: 100, timeoutMs: 1_000, ...options }),
    cache: FAST,
    clock: systemClock,
    random: systemRandom,
    onChange: () => {},
    onError: (error) => errors.push(String(error)),
  });
  feed.start();
}

const known = (): Resolution => (feed as Feed).resolution();
const found = (count: number): Promise<unknown> =>
  until(() => known().endpoints.length === count && known().error === undefined, {
    what: `${count} endpoints`,
    timeoutMs: 10_000,
  });
const failing = (): Promise<unknown> => until(() => known().error !== undefined, { what: 'a failure' });

/** Each way to follow a registry. */
const WAYS: readonly (readonly [string, Partial<RegistryResolverOptions>])[] = [
  ['polls', {}],
  ['polls by index', { longPoll: { waitMs: 5_000 } }],
  ['polls by Prefer: wait', { longPoll: { style: 'prefer', waitMs: 5_000 } }],
  ['streams', { sse: true }],
];

describe('following one registry', () => {
  let registry: RegistryServer;
  beforeAll(async () => {
    registry = await startRegistryServer({ heartbeatMs: 300 });
  });
  beforeEach(async () => {
    await registry.setMode({ kind: 'ok' });
    await registry.set('orders', FOUR);
  });
  afterAll(() => registry.close());

  it('hears of a change at once on a request that prefers to wait, and lets go of it at the end', async () => {
    follow({ url: registry.urlOf('orders'), longPoll: { style: 'prefer', waitMs: 5_000 } });
    await found(4);
    await until(async () => (await registry.stats()).waiting === 1, { what: 'the request to be held' });
    const { requests } = await registry.stats();
    await registry.set('orders', FOUR.slice(0, 3));
    await found(3);
    expect((await registry.stats()).requests).toBeLessThanOrEqual(requests + 1);
    feed?.close();
    await until(async () => (await registry.stats()).waiting === 0, { what: 'the request to be let go' });
  });

  it('hears of changes at once on one stream, and lets go of it at the end', async () => {
    const { requests } = await registry.stats();
    follow({ url: registry.urlOf('orders'), sse: true });
    await found(4);
    for (const count of [3, 4, 2, 3]) {
      await registry.set('orders', FOUR.slice(0, count));
      await found(count);
    }
    expect(await registry.stats()).toMatchObject({ requests: requests + 1, streams: 1 });
    feed?.close();
    await until(async () => (await registry.stats()).streams === 0, { what: 'the stream to be let go' });
  });

  it('goes on where a stream ended in good order', async () => {
    follow({ url: registry.urlOf('orders'), sse: true });
    await found(4);
    const { resumed } = await registry.stats();
    await registry.endStreams();
    await until(async () => (await registry.stats()).resumed === resumed + 1, { what: 'the stream to be resumed' });
    await registry.set('orders', FOUR.slice(0, 3));
    await found(3);
    expect(errors).toEqual([]);
  });

  it.each([
    { kind: 'down' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 204 },
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:9/' } },
    { kind: 'garbage' },
    { kind: 'drip', everyMs: 20 },
    { kind: 'content-type', contentType: 'text/html' },
    { kind: 'huge', bytes: 6_000_000 },
  ] as const)('serves what it knew while the stream is $kind', async (mode) => {
    follow({ url: registry.urlOf('orders'), sse: true });
    await found(4);
    const { endpoints } = known();
    await registry.setMode(mode);
    await failing();
    expect(known().endpoints).toBe(endpoints);
    expect(known().status).toBe('found');
    await registry.setMode({ kind: 'ok' });
    await registry.set('orders', FOUR.slice(0, 3));
    await found(3);
  });

  it.each(WAYS)('cuts off an answer that drips, by time: %s', async (_, options) => {
    await registry.setMode({ kind: 'drip', everyMs: 20 });
    const startedAt = performance.now();
    follow({ url: registry.urlOf('orders'), timeoutMs: 500, ...options });
    await failing();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(String(known().error)).toMatch(/within 500 ms/);
  });
});

describe('tokens', () => {
  it.each(WAYS)('rotate by a function, and go nowhere else: %s', async (_, options) => {
    await using registry = await startRegistryServer({ token: TOKEN, services: { orders: FOUR } });
    await using elsewhere = await startRegistryServer();
    let token = TOKEN;
    const headers = async (): Promise<Record<string, string>> => {
      await spend(1);
      return { authorization: `Bearer ${token}` };
    };
    follow({ url: registry.urlOf('orders'), headers, ...options });
    await found(4);
    await registry.setToken('another-token');
    await registry.endStreams();
    await registry.set('orders', FOUR.slice(0, 3));
    await until(() => errors.some((error) => error.includes('status 401')), { what: 'the refusal' });
    token = 'another-token';
    await found(3);

    await registry.setMode({ kind: 'status', status: 307, headers: { location: elsewhere.urlOf('orders') } });
    await registry.set('orders', FOUR);
    await until(() => errors.some((error) => error.includes('redirects are not followed')), { what: 'the redirect' });
    expect((await elsewhere.stats()).connections).toBe(0);
    expect(errors.join()).not.toMatch(/hunter2|another-token/);
  });
});

describe('several addresses', () => {
  let first: RegistryServer;
  let second: RegistryServer;
  beforeEach(async () => {
    [first, second] = await Promise.all([
      startRegistryServer({ services: { orders: FOUR } }),
      startRegistryServer({ services: { orders: FOUR } }),
    ]);
  });
  afterEach(() => Promise.all([first.close(), second.close()]));

  it.each(WAYS)('survive the loss of one, and stay with the other: %s', async (_, options) => {
    follow({ url: [first.urlOf('orders'), second.urlOf('orders')], ...options });
    await found(4);
    expect((await second.stats()).connections).toBe(0);
    await first.kill();
    await second.set('orders', FOUR.slice(0, 3));
    await found(3);
    // Back, and empty: nobody asks it while the other answers.
    await first.restart();
    await second.set('orders', FOUR);
    await found(4);
    expect((await first.stats()).requests).toBe(0);
    // The loss is told, and is no failure of discovery.
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every((error) => /ECONNREFUSED|ECONNRESET|socket hang up|terminated|aborted/.test(error))).toBe(true);
    expect(known()).toMatchObject({ error: undefined, held: undefined });
  });

  it.each(WAYS)('begin with one that answers, when another hangs: %s', async (_, options) => {
    first.pause();
    try {
      const startedAt = performance.now();
      follow({ url: [first.urlOf('orders'), second.urlOf('orders')], timeoutMs: 10_000, ...options });
      await found(4);
      // 1.8 s of patience, where the question would be given up after 4.
      expect(performance.now() - startedAt).toBeLessThan(3_900);
    } finally {
      first.resume();
    }
  });
});

describe('TLS', () => {
  let ca: CertificateAuthority;
  let stranger: CertificateAuthority;
  let server: Certificate;
  let own: Certificate;
  beforeAll(async () => {
    [ca, stranger] = await Promise.all([createCertificateAuthority(), createCertificateAuthority('somebody else')]);
    [server, own] = await Promise.all([ca.issue('127.0.0.1'), ca.issue('billing')]);
  }, 30_000);

  it.each(WAYS)('trusts an authority of its own, and shows a certificate: %s', async (_, options) => {
    const tls = { ...server, ca: ca.cert, requestCert: true };
    await using registry = await startRegistryServer({ tls, services: { orders: FOUR } });
    const url = registry.urlOf('orders');
    follow({ url, tls: { ca: ca.cert, ...own }, ...options });
    await found(4);
    feed?.close();

    const { requests } = await registry.stats();
    for (const wrong of [
      { ca: ca.cert },
      { ca: stranger.cert, ...own },
      { ca: ca.cert, ...own, serverName: 'other' },
    ]) {
      follow({ url, tls: wrong, ...options });
      await until(() => known().status === 'failed', { what: 'the refusal' });
      feed?.close();
    }
    expect((await registry.stats()).requests).toBe(requests);
  });
});

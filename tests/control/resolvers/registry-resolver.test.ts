import { describe, expect, it } from '@jest/globals';

import type { Prober, ResolverAnswer, Watcher } from '../../../src/core/resolver.js';
import type { RegistryResolverOptions } from '../../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { ids, startFeed } from '../discovery/feed-harness.js';
import { askProber, fakeFetch, groups, json, type Respond, type Sent } from './fake-registry.js';

const SECRET = 'Bearer hunter2-token';

function setUp(respond: Respond, options: Partial<RegistryResolverOptions> = {}) {
  const { sent, fetch } = fakeFetch(respond);
  const resolver = registryResolver({ url: 'http://registry:8500/v1/orders?dc=a', fetch, ...options });
  const ask = (): Promise<ResolverAnswer> => askProber(resolver);
  return { sent, resolver, ask };
}

describe('registryResolver', () => {
  it('reads the Prometheus format, labels as metadata', async () => {
    const labels = { weight: '3', priority: '1', zone: 'a', region: 'eu', version: '7' };
    const { ask } = setUp(() => json([{ targets: ['a:1', 'b:2'], labels }, { targets: ['c:3'] }]));
    expect((await ask()).endpoints).toMatchObject([
      { host: 'a', port: 1, weight: 3, priority: 1, zone: 'a', region: 'eu', metadata: labels },
      { host: 'b', port: 2, weight: 3 },
      { host: 'c', port: 3, weight: 1, priority: 0, metadata: {} },
    ]);
  });

  it('does not lose an endpoint to a label that says something unusable', async () => {
    const labels = { weight: 'heavy', priority: '-1', zone: '' };
    const { ask } = setUp(() => json([{ targets: ['a:1', 'h:0'], labels }]));
    const { endpoints } = await ask();
    expect(endpoints).toMatchObject([{ host: 'a', weight: 1, priority: 0, metadata: labels }, 'h:0']);
  });

  it('reads any other shape with a parser', async () => {
    const parse = (body: unknown): string[] => (body as { up: string[] }).up;
    const { ask } = setUp(() => json({ up: ['a:1'] }, { 'content-type': 'application/vnd.x+json; charset=utf-8' }), {
      parse,
    });
    expect((await ask()).endpoints).toEqual(['a:1']);
  });

  it('keeps the list on 304, asked for with the entity tag of the last one', async () => {
    const { ask, sent } = setUp(({ headers }) =>
      headers.get('if-none-match') === '"1"'
        ? new Response(null, { status: 304, headers: { 'cache-control': 'max-age=60' } })
        : json(groups('a:1'), { etag: '"1"' }),
    );
    const first = await ask();
    expect(await ask()).toEqual({ endpoints: first.endpoints, ttlMs: 60_000 });
    expect(sent.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, '"1"']);
  });

  it('takes a 304 that it did not ask for as an error', async () => {
    await expect(setUp(() => new Response(null, { status: 304 })).ask()).rejects.toThrow('status 304');
  });

  it('lets max-age win over its own time to live', async () => {
    expect((await setUp(() => json([])).ask()).ttlMs).toBe(10_000);
    expect((await setUp(() => json([]), { ttlMs: 700 }).ask()).ttlMs).toBe(700);
    const { ask } = setUp(() => json([], { 'cache-control': 'private, max-age=3' }), { ttlMs: 700 });
    expect((await ask()).ttlMs).toBe(3_000);
    expect((await setUp(() => json([], { 'cache-control': 's-max-age=3' })).ask()).ttlMs).toBe(10_000);
  });

  it.each<[string, () => Response]>([
    ['status 500', () => new Response('x', { status: 500 })],
    ['status 404', () => json(groups('a:1'), {}) && new Response('[]', { status: 404 })],
    ['redirects (status 302)', () => new Response(null, { status: 302, headers: { location: 'http://evil/' } })],
    ['content type', () => new Response('[]', { headers: { 'content-type': 'text/html' } })],
    ['content type', () => new Response('[]', { headers: { 'content-type': 'application/jsonp' } })],
    ['JSON', () => new Response('[{"targets"', { headers: { 'content-type': 'application/json' } })],
    ['nested', () => new Response('['.repeat(100), { headers: { 'content-type': 'application/json' } })],
    ['larger than 1000 bytes', () => json(groups('x'.repeat(1_001)))],
    ['no array of target groups', () => json({})],
    ['no array of targets', () => json([{ target: 'a:1' }])],
  ])('could not ask: %s', async (reason, respond) => {
    await expect(setUp(respond, { maxBytes: 1_000 }).ask()).rejects.toThrow(
      new RegExp(`^GET http://registry:8500/v1/orders: .*${reason.replace(/[()]/g, '\\$&')}`),
    );
  });

  it('cancels a body that it does not read', async () => {
    let cancelled = false;
    const body = new ReadableStream({ cancel: () => void (cancelled = true) });
    await expect(setUp(() => new Response(body, { status: 500 })).ask()).rejects.toThrow('status 500');
    expect(cancelled).toBe(true);
  });

  it('gives up after its timeout, in the headers or in the body, and aborts the request', async () => {
    const clock = createFakeClock();
    const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
    const hang = [
      () => new Promise<Response>(() => {}),
      () => new Response(endless, { headers: { 'content-type': 'application/json' } }),
    ];
    for (const respond of hang) {
      const { resolver, sent } = setUp(respond, { timeoutMs: 2_000 });
      const asking = (resolver as Prober).resolve({ signal: new AbortController().signal, clock } as never);
      const outcome = expect(asking).rejects.toThrow('no answer within 2000 ms');
      await clock.advanceAsync(2_000);
      await outcome;
      expect(sent[0]?.init.signal?.aborted).toBe(true);
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it('sends its headers to the configured address only, and follows no redirect', async () => {
    const { ask, sent } = setUp(() => json([]), { headers: { authorization: SECRET } });
    await ask();
    expect(sent[0]?.url.href).toBe('http://registry:8500/v1/orders?dc=a');
    expect(sent[0]?.init.redirect).toBe('manual');
    expect(sent[0]?.headers.get('authorization')).toBe(SECRET);
  });

  it('asks a function for the headers each time', async () => {
    let n = 0;
    const { ask, sent } = setUp(() => json([]), { headers: async () => ({ authorization: `token-${++n}` }) });
    await ask();
    await ask();
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(['token-1', 'token-2']);
  });

  it('repeats no token in an error, whoever says it', async () => {
    const url = 'http://registry/v1?token=s3cret-query';
    const loud = setUp(
      () => {
        throw new Error(`rejected ${SECRET} hunter2-token s3cret-query`);
      },
      { url, headers: { authorization: SECRET } },
    );
    const error = await loud.ask().then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(`${error?.stack} ${JSON.stringify(error)}`).not.toMatch(/hunter2|s3cret/);
    const bad = setUp(() => json([]), { headers: () => ({ authorization: 'hunter2\nx' }) });
    await expect(bad.ask()).rejects.toThrow(/^(?!.*hunter2).*the header "authorization"/);
    expect(() => registryResolver({ url, headers: { authorization: 'hunter2\nx' } })).toThrow(
      /^(?!.*hunter2).*authorization/s,
    );
  });
});

describe('registryResolver with longPoll', () => {
  /** Holds every request that names the current index, until `set` or the wait. */
  function registry(options: Partial<RegistryResolverOptions> = {}) {
    const clock = createFakeClock();
    const askedAtMs: number[] = [];
    let index = 7;
    let targets = ['a:1'];
    let wake: (() => void)[] = [];
    let broken = false;
    const answer = (): Response =>
      broken ? new Response('', { status: 500 }) : json(groups(...targets), { 'x-index': `${index}` });
    const { sent, resolver } = setUp(
      ({ url }) => {
        askedAtMs.push(clock.now());
        if (broken || url.searchParams.get('index') !== String(index)) return answer();
        return new Promise((resolve) => wake.push(() => resolve(answer())));
      },
      { longPoll: {}, ...options },
    );
    const feed = startFeed(resolver, { clock });
    return {
      ...feed,
      sent,
      askedAtMs,
      async set(next: string[], nextIndex = index + 1) {
        targets = next;
        index = nextIndex;
        const woken = wake;
        wake = [];
        woken.forEach((each) => each());
        await clock.advanceAsync(0, { eventLoop: true });
      },
      breakDown: (value: boolean) => (broken = value),
      settle: (ms: number) => clock.advanceAsync(ms, { eventLoop: true }),
    };
  }

  it('asks without an index first, then holds, and hears of changes at once', async () => {
    const { feed, sent, set, settle } = registry();
    await settle(500);
    expect(ids(feed.resolution())).toEqual(['a:1']);
    expect(sent.map(({ url }) => url.search)).toEqual(['?dc=a', '?dc=a&index=7&wait=60s']);
    await settle(20_000);
    await set(['a:1', 'b:1']);
    expect(ids(feed.resolution())).toEqual(['a:1', 'b:1']);
    expect(sent[2]?.url.searchParams.get('index')).toBe('8');
    expect(sent).toHaveLength(3);
  });

  it('calls index and wait what the registry calls them', async () => {
    const clock = createFakeClock();
    const { resolver, sent } = setUp(() => json(groups('a:1'), { 'x-revision': '7', 'x-index': '8' }), {
      longPoll: { waitMs: 1_500, indexParameter: 'since', waitParameter: 'for', indexHeader: 'X-Revision' },
    });
    startFeed(resolver, { clock });
    await clock.advanceAsync(500, { eventLoop: true });
    expect(sent[1]?.url.search).toBe('?dc=a&since=7&for=1500ms');
  });

  it('does not ask faster than twice a second, however fast the service changes', async () => {
    const { askedAtMs, set, settle } = registry();
    for (let i = 0; i < 100; i++) {
      await set([`h${i}:1`]);
      await settle(20);
    }
    const gaps = askedAtMs.slice(1).map((at, i) => at - (askedAtMs[i] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
  });

  it('forgets the index when it goes down, as after a restore', async () => {
    const { feed, sent, set, settle } = registry();
    await settle(1_000);
    await set(['c:1'], 3);
    await settle(500);
    expect(ids(feed.resolution())).toEqual(['c:1']);
    expect(sent[2]?.url.searchParams.get('index')).toBeNull();
    await settle(500);
    expect(sent[3]?.url.searchParams.get('index')).toBe('3');
  });

  it('backs off while the registry fails, serves what it knew, and notices at once when it is back', async () => {
    const { feed, sent, breakDown, set, settle, askedAtMs } = registry();
    await settle(1_000);
    breakDown(true);
    await set(['a:1']);
    expect(feed.resolution()).toMatchObject({ status: 'found', failingSinceMs: 2_000 });
    await settle(120_000);
    const failing = askedAtMs.length;
    // 250 + 0.5 · (250, 500, … 16,000) and then 15,250 each.
    expect(failing).toBeGreaterThan(10);
    expect(failing).toBeLessThan(20);
    breakDown(false);
    await settle(15_250);
    expect(feed.resolution().error).toBeUndefined();
    expect(sent[failing]?.url.searchParams.get('index')).toBeNull();
  });

  it('waits longer than the registry may hold, and then takes it for hung', async () => {
    const { feed, settle } = registry({ longPoll: { waitMs: 16_000 }, timeoutMs: 2_000 });
    await settle(500 + 16_000 + 1_000 + 1_999);
    expect(feed.resolution().error).toBeUndefined();
    await settle(1);
    expect(String(feed.resolution().error)).toContain('no answer within 19000 ms');
  });

  it('does not spin when the registry holds nothing or gives no index', async () => {
    for (const headers of [{ 'x-index': '7' }, { 'x-index': '0' }, {}] as Record<string, string>[]) {
      const clock = createFakeClock();
      const { resolver, sent } = setUp(() => json(groups('a:1'), headers), { longPoll: {} });
      const { feed } = startFeed(resolver, { clock });
      await clock.advanceAsync(60_000, { eventLoop: true });
      expect(sent.length).toBeLessThanOrEqual(8);
      expect(sent.length).toBeGreaterThanOrEqual(6);
      feed.close();
    }
  });

  it('aborts the held request when it ends, and leaves nothing behind', async () => {
    const { feed, sent, settle, clock } = registry();
    await settle(500);
    feed.close();
    expect(sent[1]?.init.signal?.aborted).toBe(true);
    await settle(1_000_000);
    expect(sent).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is a watcher', () => {
    const resolver = registryResolver({ url: 'http://r', longPoll: {} }) as Watcher;
    expect([resolver.kind, typeof resolver.watch]).toEqual(['registry', 'function']);
  });
});

describe('registryResolver with longPoll of style prefer', () => {
  /** Holds every request that prefers to wait and has the current tag, until `set`, `release` or the end. */
  function registry(options: { waitMs?: number; headers?: Record<string, string> } = {}) {
    const clock = createFakeClock();
    let tag = '"1"';
    let targets = ['a:1'];
    let wake: (() => void)[] = [];
    let broken = false;
    const answer = ({ headers }: Sent): Response => {
      if (broken) return new Response('', { status: 500 });
      const sent = { etag: tag, ...options.headers };
      return headers.get('if-none-match') === tag
        ? new Response(null, { status: 304, headers: sent })
        : json(groups(...targets), sent);
    };
    const { sent, resolver } = setUp(
      (request) => {
        const isHeld = request.headers.has('prefer') && request.headers.get('if-none-match') === tag && !broken;
        return isHeld ? new Promise((resolve) => wake.push(() => resolve(answer(request)))) : answer(request);
      },
      { longPoll: { style: 'prefer', ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }) } },
    );
    const feed = startFeed(resolver, { clock });
    const settle = (ms = 0): Promise<void> => clock.advanceAsync(ms, { eventLoop: true });
    const release = async (): Promise<void> => {
      const woken = wake;
      wake = [];
      woken.forEach((each) => each());
      await settle();
    };
    return {
      ...feed,
      asked: () =>
        sent.splice(0).map(({ url, headers }) => [url.search, headers.get('prefer'), headers.get('if-none-match')]),
      set(next: string[], nextTag: string) {
        targets = next;
        tag = nextTag;
        return release();
      },
      release,
      breakDown: () => (broken = true),
      settle,
    };
  }

  it('asks at once first, then prefers to wait for another representation', async () => {
    const { feed, asked, set, settle } = registry();
    await settle(500);
    expect(asked()).toEqual([
      ['?dc=a', null, null],
      ['?dc=a', 'wait=60', '"1"'],
    ]);
    await settle(20_000);
    await set(['a:1', 'b:1'], '"2"');
    expect(ids(feed.resolution())).toEqual(['a:1', 'b:1']);
    expect(asked()).toEqual([['?dc=a', 'wait=60', '"2"']]);
  });

  it('keeps the list and the tag over a 304 that came after the whole wait', async () => {
    const { feed, asked, release, settle } = registry({ waitMs: 10_000 });
    await settle(10_500);
    asked();
    await release();
    expect(asked()).toEqual([['?dc=a', 'wait=10', '"1"']]);
    expect(ids(feed.resolution())).toEqual(['a:1']);
  });

  it('takes the wait that the registry says it applied for the whole one', async () => {
    const { asked, release, settle } = registry({ headers: { 'preference-applied': 'respond-async, wait=5' } });
    await settle(500 + 5_000);
    asked();
    await release();
    expect(asked()).toEqual([['?dc=a', 'wait=60', '"1"']]);
  });

  it('asks without a tag after a 304 that came early: the registry shuts down, or counts anew', async () => {
    const { asked, release, settle } = registry();
    await settle(5_000);
    asked();
    await release();
    expect(asked()).toEqual([['?dc=a', null, null]]);
  });

  it('forgets the tag after a failure', async () => {
    const { asked, breakDown, release, settle, feed } = registry();
    await settle(5_000);
    breakDown();
    await release();
    expect(feed.resolution()).toMatchObject({ status: 'found', failingSinceMs: 6_000 });
    asked();
    await settle(1_000);
    expect(asked()[0]).toEqual(['?dc=a', null, null]);
  });

  it('does not spin when the registry holds nothing, or gives no tag', async () => {
    for (const headers of [{ etag: '"1"' }, {}] as Record<string, string>[]) {
      const clock = createFakeClock();
      const { resolver, sent } = setUp(
        (request) =>
          request.headers.has('if-none-match') ? new Response(null, { status: 304 }) : json(groups('a:1'), headers),
        { longPoll: { style: 'prefer' } },
      );
      const { feed } = startFeed(resolver, { clock });
      await clock.advanceAsync(60_000, { eventLoop: true });
      expect(sent.length).toBeLessThanOrEqual(8);
      expect(sent.length).toBeGreaterThanOrEqual(6);
      expect(ids(feed.resolution())).toEqual(['a:1']);
      feed.close();
    }
  });
});

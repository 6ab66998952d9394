import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { kubernetesResolver } from '../../../../src/control/resolvers/kubernetes/kubernetes-resolver.js';
import type { KubernetesResolverOptions } from '../../../../src/control/resolvers/kubernetes/kubernetes-options.js';
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { apiSlice, NOT_READY, pod } from '../../../support/kubernetes-api/slice-fixtures.js';
import { startFeed, type FeedHarness } from '../../discovery/feed-harness.js';
import { createScriptedApi, event, list, type ScriptedApi } from './scripted-api.js';

const slice = (n: number, ...pods: number[]): object =>
  apiSlice({ name: `orders-${n}`, endpoints: pods.map((each) => pod(each)) });
const status = (
  code: number,
  message = 'a message',
  headers = {},
): { status: number; body: object; headers: object } => ({
  status: code,
  body: { kind: 'Status', code, message },
  headers,
});

let clock: FakeClock;
let api: ScriptedApi;
let harness: FeedHarness;

beforeEach(() => {
  clock = createFakeClock();
  api = createScriptedApi(clock);
});
afterEach(async () => {
  harness.feed.close();
  await pass(0);
  expect(clock.pendingTimers).toBe(0);
  expect(api.watches.filter(({ isOpen }) => isOpen)).toEqual([]);
});

const pass = (ms: number): Promise<void> => clock.advanceAsync(ms, { eventLoop: true });
const seconds = (n: number): number => n * 1_000;

async function start(
  options: Partial<KubernetesResolverOptions> = {},
  feed: Parameters<typeof startFeed>[1] = {},
): Promise<void> {
  const resolver = kubernetesResolver({
    service: 'orders',
    namespace: 'shop',
    url: 'https://api.test:6443/base/',
    fetch: api.fetch,
    ...options,
  });
  harness = startFeed(resolver, { clock, ...feed });
  await pass(0);
}

const hosts = (): string[] =>
  harness.feed
    .resolution()
    .endpoints.map(({ host }) => host)
    .sort();
const queries = (): unknown[] => api.questions.map(({ query }) => query);
const lists = (): number => api.questions.filter(({ query }) => query['watch'] === undefined).length;
const lastQuery = (): Readonly<Record<string, string>> => api.questions.at(-1)!.query;
const lastWatch = (): ScriptedApi['watches'][number] => api.watches.at(-1)!;

describe('the first questions', () => {
  it('are a list of the slices of the service, and a watch from its version on', async () => {
    api.next({ list: list('41', [slice(1, 1, 2)]) });
    await start({ token: 'the-token' });
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2']);
    const [first] = api.questions;
    expect(first?.url.origin + (first?.url.pathname ?? '')).toBe(
      'https://api.test:6443/base/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices',
    );
    expect(first?.url.searchParams.get('labelSelector')).toBe('kubernetes.io/service-name=orders');
    expect(first?.headers.get('authorization')).toBe('Bearer the-token');
    expect(queries()).toEqual([
      { limit: '500' },
      { watch: '1', resourceVersion: '41', allowWatchBookmarks: 'true', timeoutSeconds: '300' },
    ]);
  });

  it('read a list that comes in pages as one', async () => {
    api.next({ list: list('41', [slice(1, 1)], 'more/1=') }, { list: list('41', [slice(2, 2)], 'more/2=') });
    api.next({ list: list('41', [slice(3, 3)]) });
    await start();
    expect(queries().slice(0, 3)).toEqual([
      { limit: '500' },
      { limit: '500', continue: 'more/1=' },
      { limit: '500', continue: 'more/2=' },
    ]);
    expect(harness.changes).toHaveLength(1);
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  });

  it('begin the list anew when its continuation is too old', async () => {
    api.next({ list: list('41', [slice(1, 1)], 'more') }, status(410), { list: list('60', [slice(2, 2)]) });
    await start();
    expect(queries().slice(0, 3)).toEqual([{ limit: '500' }, { limit: '500', continue: 'more' }, { limit: '500' }]);
    expect(hosts()).toEqual(['10.0.0.2']);
    expect(harness.errors).toEqual([]);
  });

  it('end with a list that never ends', async () => {
    for (let i = 0; i < 100; i++) api.next({ list: list('1', [], 'more') });
    await start();
    expect(String(harness.errors[0])).toContain('more than 100 pages');
  });

  it('ask for watches of different lengths, five minutes give or take a fifth', async () => {
    await start({}, { random: createSeededRandom(1) });
    for (let i = 0; i < 20; i++) {
      lastWatch().push(event('BOOKMARK', String(100 + i)));
      lastWatch().end();
      await pass(300);
    }
    const lengths = api.questions.flatMap(({ query }) =>
      query['timeoutSeconds'] === undefined ? [] : Number(query['timeoutSeconds']),
    );
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(240);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(360);
    expect(new Set(lengths).size).toBeGreaterThan(10);
  });
});

describe('a watch', () => {
  beforeEach(async () => {
    api.next({ list: list('41', [slice(1, 1, 2), slice(2, 3, 4)]) });
    await start();
    await pass(200);
  });

  it('brings changes at once', async () => {
    lastWatch().push(event('MODIFIED', '42', slice(2, 3, 4, 5)));
    await pass(0);
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
    await pass(200);
    lastWatch().push(event('DELETED', '43', slice(1)));
    await pass(0);
    expect(hosts()).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5']);
  });

  it('brings many changes together, whatever pieces they come in', async () => {
    const before = harness.answers.length;
    const text = [5, 6, 7, 8].map((n) => `${JSON.stringify(event('ADDED', String(40 + n), slice(n, n)))}\n`).join('');
    for (let at = 0; at < text.length; at += 7) {
      lastWatch().write(text.slice(at, at + 7));
      if (at % 70 === 0) await pass(1);
    }
    await pass(200);
    expect(hosts()).toHaveLength(8);
    // 1,200 bytes took 25 ms: one answer for the first change, one a tenth of a second later for the others.
    expect(harness.answers.length - before).toBe(2);
  });

  it('goes on where it ended, from the last bookmark too, without a list', async () => {
    lastWatch().push(event('MODIFIED', '42', slice(1, 1)), event('BOOKMARK', '57'));
    await pass(0);
    lastWatch().end();
    await pass(250);
    expect(lastQuery()).toMatchObject({ watch: '1', resourceVersion: '57' });
    expect(lists()).toBe(1);
    expect(harness.errors).toEqual([]);
  });

  it('goes on where it broke off, and says that it did', async () => {
    lastWatch().break(new Error('socket hang up'));
    await pass(250);
    expect(lastQuery()).toMatchObject({ watch: '1', resourceVersion: '41' });
    expect(lists()).toBe(1);
    expect(String(harness.errors[0])).toContain('/endpointslices: socket hang up');
    expect(harness.feed.resolution().error).toBeUndefined();
  });

  it.each([
    ['an event', () => lastWatch().push({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })],
    ['a status', () => (api.next(status(410)), lastWatch().end())],
  ])('lists again after 410 by %s, without a moment of emptiness', async (_, gone) => {
    const changes = harness.changes.length;
    gone();
    api.next({ list: list('90', [slice(1, 1, 2), slice(2, 3, 4)]) });
    await pass(500);
    expect(lists()).toBe(2);
    expect(lastQuery()).toMatchObject({ watch: '1', resourceVersion: '90' });
    expect(harness.errors).toEqual([]);
    expect(harness.changes).toHaveLength(changes);
    expect(hosts()).toHaveLength(4);
  });

  it('backs off when it is told of 410 again and again', async () => {
    for (let i = 0; i < 200; i++) api.next(status(410));
    lastWatch().end();
    await pass(seconds(60));
    expect(lists()).toBeLessThan(20);
    expect(harness.errors.length).toBeGreaterThan(0);
    expect(harness.feed.resolution()).toMatchObject({ status: 'found', endpoints: { length: 4 } });
  });

  it('lists again when the server goes back in time', async () => {
    api.next({ list: list('7', [slice(1, 1, 2), slice(2, 3)]) });
    lastWatch().push(event('BOOKMARK', '6'));
    await pass(0);
    expect(lists()).toBe(2);
    expect(hosts()).toHaveLength(3);
  });

  it.each([
    ['an error', { type: 'ERROR', object: { code: 500, message: 'etcdserver: no leader' } }, 'etcdserver: no leader'],
    ['an event that nobody knows', { type: 'NEWS', object: {} }, 'the event "NEWS"'],
    ['something that is no slice', { type: 'ADDED', object: {} }, 'has no resourceVersion'],
    ['what is no JSON', 'garbage', 'the stream is no JSON'],
  ])('lists again after %s', async (_, told, words) => {
    api.next({ list: list('90', [slice(1, 1, 2), slice(2, 3)]) });
    if (typeof told === 'string') lastWatch().write(told);
    else lastWatch().push(told);
    await pass(500);
    expect(harness.errors.map(String)).toEqual([expect.stringContaining(words)]);
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    expect(lastQuery()).toMatchObject({ resourceVersion: '90' });
  });

  it('says that it broke off when it ends within an event', async () => {
    lastWatch().write('{"type":"ADDED","obj');
    lastWatch().end();
    await pass(500);
    expect(harness.errors.map(String)).toEqual([expect.stringContaining('the watch broke off within an event')]);
    expect(lists()).toBe(1);
  });

  it('that breaks off again and again is a failure, until one brings something', async () => {
    for (let i = 0; i < 3; i++) {
      lastWatch().break(new Error('socket hang up'));
      await pass(seconds(2));
    }
    expect(String(harness.feed.resolution().error)).toContain('socket hang up');
    expect(hosts()).toHaveLength(4);
    lastWatch().push(event('BOOKMARK', '60'));
    await pass(200);
    expect(harness.feed.resolution().error).toBeUndefined();
    expect(lists()).toBe(1);
  });

  it('that is silent for too long is opened anew, and a bookmark breaks the silence', async () => {
    await pass(seconds(60));
    lastWatch().push(event('BOOKMARK', '50'));
    await pass(seconds(89));
    expect(api.watches).toHaveLength(1);
    await pass(seconds(2));
    expect(api.watches).toHaveLength(2);
    expect(lastQuery()).toMatchObject({ resourceVersion: '50' });
    expect(lists()).toBe(1);
    expect(String(harness.errors[0])).toContain('the watch was silent for 90000 ms');
    // The server has answered since.
    expect(harness.feed.resolution().error).toBeUndefined();
  });

  it('is opened anew at once when somebody wants to know now', async () => {
    harness.feed.refresh();
    await pass(0);
    expect(api.watches.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    expect(lastQuery()).toMatchObject({ resourceVersion: '41' });
    expect(harness.errors).toEqual([]);
  });

  it('confirms with every bookmark what is known', async () => {
    await pass(seconds(50));
    const { answeredAtMs } = harness.feed.resolution();
    lastWatch().push(event('BOOKMARK', '50'));
    await pass(0);
    expect(harness.feed.resolution().answeredAtMs).toBe((answeredAtMs as number) + 50_200);
    expect(harness.changes).toHaveLength(1);
  });

  it('is not asked for in a spin by a server that ends every one at once', async () => {
    for (let i = 0; i < 500; i++) {
      lastWatch().end();
      await pass(100);
      if (!lastWatch().isOpen) await pass(seconds(5));
    }
    expect(api.watches.length).toBeLessThan(200);
    expect(harness.errors).toEqual([]);
  }, 30_000);
});

describe('what goes wrong', () => {
  it.each([
    [401, 'Unauthorized'],
    [403, 'endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:shop:web" cannot list resource'],
    [404, 'the server could not find the requested resource'],
    [500, 'Internal error occurred'],
  ])('is said: status %i', async (code, message) => {
    api.next(status(code, message));
    await start();
    expect(harness.feed.resolution()).toMatchObject({ status: 'failed', endpoints: [] });
    expect(String(harness.errors[0])).toMatch(
      new RegExp(`GET https://api\\.test:6443/base/apis/.*/endpointslices: status ${code}: ${message}`),
    );
  });

  it('never empties the list', async () => {
    api.next({ list: list('41', [slice(1, 1, 2)]) });
    await start();
    await pass(200);
    lastWatch().end();
    api.next(status(401), status(403), status(500), new Error('connect ECONNREFUSED'), 'hang', {
      list: { kind: 'List' },
    });
    await pass(seconds(40));
    expect(harness.errors.length).toBeGreaterThanOrEqual(6);
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(harness.changes.every(({ endpoints }) => endpoints.length === 2)).toBe(true);
  });

  it('is waited for as long as the server says with Retry-After, and the version is kept', async () => {
    api.next({ list: list('41', [slice(1, 1)]) });
    await start();
    api.next(status(429, 'too many requests', { 'retry-after': '20' }));
    lastWatch().end();
    await pass(seconds(20));
    expect(api.questions).toHaveLength(3);
    await pass(seconds(2));
    expect(api.questions).toHaveLength(4);
    expect(lastQuery()).toMatchObject({ watch: '1', resourceVersion: '41' });
    // No server puts a client off for ever.
    api.next(status(429, 'too many requests', { 'retry-after': '86400' }));
    lastWatch().end();
    await pass(seconds(70));
    expect(api.questions).toHaveLength(6);
  });

  it('is asked about less and less often, and not by everybody at once', async () => {
    api.next(...Array.from({ length: 500 }, () => new Error('connect ECONNREFUSED')));
    await start({}, { random: createSeededRandom(7) });
    await pass(seconds(600));
    const gaps = api.questions.slice(1).map(({ atMs }, i) => atMs - (api.questions[i]?.atMs as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(125);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_125);
    // Full jitter below 30 s: 15 s on average, some forty in ten minutes beside the first quick ones.
    expect(api.questions.length).toBeGreaterThan(30);
    expect(api.questions.length).toBeLessThan(80);
  });

  it('ends the version of a server that could not be reached: another one may come back', async () => {
    api.next({ list: list('41', [slice(1, 1)]) });
    await start();
    api.next(new Error('connect ECONNREFUSED'), { list: list('7', [slice(1, 1)]) });
    lastWatch().break(new Error('read ECONNRESET'));
    await pass(seconds(2));
    expect(queries().slice(2)).toEqual([
      expect.objectContaining({ watch: '1', resourceVersion: '41' }),
      { limit: '500' },
      expect.objectContaining({ watch: '1', resourceVersion: '7' }),
    ]);
  });

  it('lists again when the server does not take the version', async () => {
    api.next({ list: list('41', [slice(1, 1)]) }, status(400, 'invalid resource version'));
    await start();
    await pass(seconds(2));
    expect(lists()).toBe(2);
  });

  it('includes a watch that is not answered', async () => {
    api.next({ list: list('41', [slice(1, 1)]) }, 'hang');
    await start({ timeoutMs: 1_000 });
    await pass(1_000);
    expect(String(harness.errors[0])).toContain('no answer within 1000 ms');
    expect(hosts()).toEqual(['10.0.0.1']);
  });

  it.each([
    ['a page', () => api.next({ status: 200, headers: { 'content-type': 'text/html' } }), 'content type'],
    ['another kind', () => api.next({ list: { kind: 'Status' } }), 'no EndpointSliceList'],
    ['no version', () => api.next({ list: { kind: 'EndpointSliceList', metadata: {}, items: [] } }), 'resourceVersion'],
    ['a redirect', () => api.next({ status: 302, headers: { location: 'http://evil.test' } }), 'status 302'],
    [
      'too much',
      () => api.next({ list: list('1', [slice(1, ...Array.from({ length: 100 }, (_, n) => n))]) }),
      'larger than 2000 bytes',
    ],
  ])('includes %s in place of a list', async (_, answer, words) => {
    answer();
    await start({ maxBytes: 2_000 });
    expect(String(harness.errors[0])).toContain(words);
  });

  it('includes an event that is too large', async () => {
    await start({ maxBytes: 2_000 });
    lastWatch().write(`{"type":"ADDED","object":{"metadata":{"name":"${'x'.repeat(3_000)}`);
    await pass(0);
    expect(String(harness.errors[0])).toContain('larger than 2000 bytes');
    expect(api.watches[0]?.isOpen).toBe(false);
  });

  it('is said once of ports that are missing, and is no empty list', async () => {
    api.next({ list: list('41', [slice(1, 1)]) });
    await start({ port: 'grpc' });
    expect(String(harness.feed.resolution().error)).toContain(
      "no endpoint can be used; the EndpointSlice orders-1: no port 'grpc' among the TCP ports of the pods (http 8080)",
    );
    lastWatch().push(
      event('ADDED', '42', apiSlice({ name: 'orders-2', endpoints: [pod(2)], ports: [{ name: 'grpc', port: 9 }] })),
    );
    await pass(200);
    expect(hosts()).toEqual(['10.0.0.2']);
    lastWatch().push(event('BOOKMARK', '43'));
    await pass(200);
    expect(harness.refused).toHaveLength(1);
  });

  it('does not include pods that are not ready: there is nobody', async () => {
    api.next({ list: list('41', [apiSlice({ name: 'orders-1', endpoints: [pod(1, { conditions: NOT_READY })] })]) });
    await start();
    expect(harness.feed.resolution()).toMatchObject({ status: 'none', error: undefined });
  });
});

describe('a token', () => {
  it('is asked for before each request', async () => {
    let n = 0;
    await start({ token: async () => `token-${++n}` });
    expect(api.questions.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  it('is repeated in no error', async () => {
    api.next(status(403, 'what does the-secret-token want?'), new Error('the-secret-token is no use'));
    await start({ token: 'the-secret-token' });
    await pass(seconds(1));
    expect(harness.errors.map(String).join()).toContain('what does *** want?');
    expect(harness.errors.map(String).join()).not.toContain('the-secret-token');
  });

  it.each([
    [() => '', 'the token is empty'],
    [() => 'two\nlines', 'the token is empty, or no text'],
    [() => Promise.reject(new Error('the vault is shut')), 'the vault is shut'],
  ])('that cannot be had is a failure to ask', async (token, words) => {
    await start({ token });
    expect(String(harness.errors[0])).toContain(words);
    expect(harness.feed.resolution().status).toBe('failed');
  });
});

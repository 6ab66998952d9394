import { describe, expect, it } from '@jest/globals';

import type { NacosResolverOptions } from '../../../../src/control/resolvers/nacos/nacos-options.js';
import { nacosResolver } from '../../../../src/control/resolvers/nacos/nacos-resolver.js';
import type { EndpointInput } from '../../../../src/core/endpoint.js';
import type { ResolverAnswer } from '../../../../src/core/resolver.js';
import { createFakeClock } from '../../../../src/testing/fake-clock.js';
import { rejectionOf } from '../../../support/rejection.js';

interface Request {
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string | undefined;
}
type Reply = { readonly status?: number; readonly json?: unknown; readonly hangs?: true; readonly breaks?: true };
type Behaviour = Reply | ((request: Request) => Reply);

const V1 = '/nacos/v1/ns/instance/list';
const V2 = '/nacos/v2/ns/instance/list';
const V3 = '/nacos/v3/client/ns/instance/list';
const LOGIN_V1 = '/nacos/v1/auth/login';
const LOGIN_V3 = '/nacos/v3/auth/user/login';

const hosts = (...ports: number[]): object[] => ports.map((port) => ({ ip: '10.0.0.1', port }));
const plain = (ports: readonly number[], more: object = {}): Reply => ({ json: { hosts: hosts(...ports), ...more } });
const wrapped = (ports: readonly number[], more: object = {}): Reply => ({
  json: { code: 0, message: 'success', data: { hosts: hosts(...ports), ...more } },
});

/** A resolver, and servers that answer by path, or by host and path; what is not listed is not found. */
function setUp(options: Partial<NacosResolverOptions>, replies: Record<string, Behaviour> = {}) {
  const clock = createFakeClock();
  const requests: Request[] = [];
  const fetch = (async (
    url: URL,
    { headers, signal, body }: { headers: Headers; signal: AbortSignal; body?: string },
  ): Promise<Response> => {
    const request = { url, headers, body };
    requests.push(request);
    const behaviour = replies[`${url.hostname}${url.pathname}`] ?? replies[url.pathname] ?? { status: 404 };
    const reply = typeof behaviour === 'function' ? behaviour(request) : behaviour;
    if (reply.hangs) return new Promise((_, reject) => signal.addEventListener('abort', reject));
    if (reply.breaks) throw new Error(`connect ECONNREFUSED ${url.host}`);
    return Response.json(reply.json ?? {}, { status: reply.status ?? 200 });
  }) as unknown as typeof globalThis.fetch;
  const resolver = nacosResolver({ url: 'http://n1:8848', service: 'orders', fetch, ...options });
  const controller = new AbortController();
  const resolve = (): Promise<ResolverAnswer> => {
    const ctx = { signal: controller.signal, clock };
    return resolver.resolve(ctx);
  };
  return {
    resolver,
    resolve,
    clock,
    replies,
    requests,
    failure: async () => (await rejectionOf(resolve())).message,
    ports: async () => (await resolve()).endpoints.map((input) => (input as Exclude<EndpointInput, string>).port),
    paths: () => requests.splice(0).map(({ url }) => url.pathname),
  };
}

describe('nacosResolver', () => {
  it('asks for the service in its group, and keeps the answer as long as the server says', async () => {
    const { resolver, resolve, requests } = setUp({}, { [V2]: wrapped([8080], { cacheMillis: 7_000 }) });
    expect(resolver.kind).toBe('nacos');
    expect(await resolve()).toEqual({
      endpoints: [{ host: '10.0.0.1', port: 8080, metadata: {} }],
      ttlMs: 7_000,
    });
    expect(requests.map(({ url }) => url.href)).toEqual([
      `http://n1:8848${V2}?serviceName=orders&groupName=DEFAULT_GROUP`,
    ]);
    expect(Object.fromEntries(requests[0]?.headers as Headers)).toEqual({ accept: 'application/json' });
  });

  it.each([
    ['v1', V1, plain([1]), 'clusters'],
    ['v2', V2, wrapped([1]), 'clusterName'],
    ['v3', V3, { json: { code: 0, data: hosts(1) } }, 'clusterName'],
  ] as const)('speaks %s', async (version, path, reply, clusters) => {
    const { ports, requests } = setUp(
      { version, group: 'SHOP', namespace: 'dev', clusters: ['east', 'west'] },
      { [path]: reply },
    );
    expect(await ports()).toEqual([1]);
    expect(Object.fromEntries(requests[0]?.url.searchParams as URLSearchParams)).toEqual({
      serviceName: 'orders',
      groupName: 'SHOP',
      namespaceId: 'dev',
      [clusters]: 'east,west',
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [{}, `http://n1:8848${V2}`],
    [{ url: 'http://n1:8848/nacos/' }, `http://n1:8848${V2}`],
    [{ url: 'http://n1:8848/gateway' }, `http://n1:8848/gateway${V2}`],
    [{ contextPath: '/' }, 'http://n1:8848/v2/ns/instance/list'],
    [{ contextPath: '/registry/nacos' }, `http://n1:8848/registry${V2}`],
  ])('with %j asks at %s', async (options, address) => {
    const { resolve, requests } = setUp(options, { [new URL(address).pathname]: wrapped([1]) });
    await resolve();
    expect(requests[0]?.url.href.split('?')[0]).toBe(address);
  });

  it('takes ten seconds for a life that is not stated, or its own', async () => {
    const v3: Reply = { json: { code: 0, data: hosts(1) } };
    expect((await setUp({ version: 'v3' }, { [V3]: v3 }).resolve()).ttlMs).toBe(10_000);
    expect((await setUp({ ttlMs: 500 }, { [V2]: wrapped([1], { cacheMillis: 7_000 }) }).resolve()).ttlMs).toBe(500);
  });

  describe('without a version', () => {
    it.each([404, 405, 410, 501])(
      'finds the interface that is there where others answer %d, and stays with it',
      async (status) => {
        const { ports, paths } = setUp({}, { [V2]: { status }, [V1]: plain([1]) });
        expect(await ports()).toEqual([1]);
        expect(paths()).toEqual([V2, V1]);
        expect(await ports()).toEqual([1]);
        expect(paths()).toEqual([V1]);
      },
    );

    it('takes the newest one last, since it says least', async () => {
      const { ports, paths } = setUp({}, { [V3]: { json: { code: 0, data: hosts(3) } } });
      expect(await ports()).toEqual([3]);
      expect(paths()).toEqual([V2, V1, V3]);
    });

    it('finds another one after an upgrade', async () => {
      const { ports, paths, replies } = setUp({}, { [V1]: plain([1]) });
      await ports();
      paths();
      replies[V1] = { status: 410 };
      replies[V3] = { json: { code: 0, data: hosts(3) } };
      expect(await ports()).toEqual([3]);
      expect(paths()).toEqual([V1, V2, V3]);
    });

    it('says that there is none', async () => {
      expect(await setUp({}).failure()).toBe(
        "GET http://n1:8848/nacos: none of Nacos' interfaces is there: v2 status 404, v1 status 404, v3 status 404",
      );
    });

    it('tries no other because of a failure', async () => {
      const { failure, paths } = setUp({}, { [V2]: { status: 500 }, [V1]: plain([1]) });
      expect(await failure()).toBe(`GET http://n1:8848${V2}: status 500`);
      expect(paths()).toEqual([V2]);
    });
  });

  it('with a version takes no other', async () => {
    const { failure, paths } = setUp({ version: 'v1' }, { [V2]: wrapped([1]) });
    expect(await failure()).toBe(`GET http://n1:8848${V1}: status 404`);
    expect(paths()).toEqual([V1]);
  });

  describe('with several servers', () => {
    const url = ['http://n1:8848', 'http://n2:8848'];

    it('asks the next one when one fails, and stays with it', async () => {
      const { ports, requests } = setUp({ url }, { [`n1${V2}`]: { breaks: true }, [`n2${V2}`]: wrapped([2]) });
      expect(await ports()).toEqual([2]);
      expect(await ports()).toEqual([2]);
      expect(requests.map(({ url: { hostname } }) => hostname)).toEqual(['n1', 'n2', 'n2']);
    });

    it('gives each of them its time', async () => {
      const { ports, requests, clock } = setUp({ url }, { [`n1${V2}`]: { hangs: true }, [`n2${V2}`]: wrapped([2]) });
      const answer = ports();
      await clock.advanceAsync(2_999);
      expect(requests).toHaveLength(1);
      await clock.advanceAsync(1);
      expect(await answer).toEqual([2]);
    });

    it('may find one of another version', async () => {
      const { ports, replies } = setUp({ url }, { [`n1${V1}`]: plain([1]), [`n2${V2}`]: wrapped([2]) });
      expect(await ports()).toEqual([1]);
      replies[`n1${V1}`] = { status: 500 };
      expect(await ports()).toEqual([2]);
    });

    it('does not compare their clocks', async () => {
      const { ports, replies } = setUp({ url }, { [`n1${V2}`]: wrapped([1], { lastRefTime: 2_000 }) });
      await ports();
      replies[`n1${V2}`] = { breaks: true };
      replies[`n2${V2}`] = wrapped([2], { lastRefTime: 1_000 });
      expect(await ports()).toEqual([2]);
    });
  });

  it('ignores an answer that is older than the last one, unless another like it follows', async () => {
    const { ports, replies } = setUp({}, { [V2]: wrapped([1], { lastRefTime: 2_000 }) });
    expect(await ports()).toEqual([1]);
    replies[V2] = wrapped([2], { lastRefTime: 1_000 });
    expect(await ports()).toEqual([1]);
    replies[V2] = wrapped([3], { lastRefTime: 2_001 });
    expect(await ports()).toEqual([3]);
    replies[V2] = wrapped([4], { lastRefTime: 1_500 });
    expect(await ports()).toEqual([3]);
    replies[V2] = wrapped([5], { lastRefTime: 1_600 });
    expect(await ports()).toEqual([5]);
    expect(await ports()).toEqual([5]);
  });

  describe('with a user', () => {
    const credentials = { username: 'ada', password: 'hunter2-&=' };
    /** Tokens t1, t2, ... of which only the last is good. */
    function secured(options: Partial<NacosResolverOptions> = {}, loginPath = LOGIN_V3) {
      let issued = 0;
      let good = '';
      const isGood = ({ headers }: Request): boolean => headers.get('authorization') === `Bearer ${good}`;
      const login = ({ body }: Request): Reply => {
        const { username, password } = Object.fromEntries(new URLSearchParams(body));
        if (username !== 'ada' || password !== 'hunter2-&=') return { status: 403 };
        good = `token-${++issued}`;
        return { json: { accessToken: good, tokenTtl: 18_000, globalAdmin: true, username } };
      };
      const stage = setUp(
        { ...credentials, ...options },
        { [loginPath]: login, [V2]: (request) => (isGood(request) ? wrapped([1]) : { status: 403 }) },
      );
      return { ...stage, revoke: () => (good = 'another') };
    }

    it('logs in once, by the body of a POST, and shows the token in a header', async () => {
      const { ports, requests, paths } = secured();
      expect(await ports()).toEqual([1]);
      expect(await ports()).toEqual([1]);
      expect(requests.every(({ url }) => !/hunter2|token-/.test(url.href))).toBe(true);
      expect(paths()).toEqual([LOGIN_V3, V2, V2]);
    });

    it('finds the login of older servers', async () => {
      const { ports, paths } = secured({}, LOGIN_V1);
      expect(await ports()).toEqual([1]);
      expect(paths()).toEqual([LOGIN_V3, LOGIN_V1, V2]);
    });

    it('logs in again when a tenth of the life of the token is left', async () => {
      const { ports, paths, clock } = secured();
      await ports();
      await clock.advanceAsync(16_199_999);
      await ports();
      expect(paths()).toEqual([LOGIN_V3, V2, V2]);
      await clock.advanceAsync(1);
      await ports();
      expect(paths()).toEqual([LOGIN_V3, V2]);
    });

    it('logs in again, once, when the token is refused', async () => {
      const { ports, paths, revoke, replies, failure } = secured();
      await ports();
      revoke();
      expect(await ports()).toEqual([1]);
      expect(paths()).toEqual([LOGIN_V3, V2, V2, LOGIN_V3, V2]);
      replies[V2] = { status: 403 };
      expect(await failure()).toBe(`GET http://n1:8848${V2}: status 403`);
      expect(paths()).toEqual([V2, LOGIN_V3, V2]);
    });

    it('uses its token at every server', async () => {
      const { ports, replies, requests } = secured({ url: ['http://n1:8848', 'http://n2:8848'] });
      await ports();
      replies[`n1${V2}`] = { breaks: true };
      requests.splice(0);
      expect(await ports()).toEqual([1]);
      expect(requests.map(({ url }) => `${url.hostname}${url.pathname}`)).toEqual([`n1${V2}`, `n2${V2}`]);
    });

    it('says that the login failed, and why, without what was sent', async () => {
      const { failure } = secured({ password: 'wrong-wrong' });
      expect(await failure()).toBe(`POST http://n1:8848${LOGIN_V3}: status 403`);
      const { failure: other, replies } = secured();
      replies[LOGIN_V3] = { json: { code: 0, data: null } };
      expect(await other()).toBe(`POST http://n1:8848${LOGIN_V3}: the login gave no token`);
      replies[LOGIN_V3] = { status: 404 };
      expect(await other()).toBe(`POST http://n1:8848${LOGIN_V1}: status 404`);
    });

    it('asks for a password that may change before each login', async () => {
      const passwords = ['hunter2-&=', ''];
      const { ports, revoke, failure } = secured({ password: () => passwords.shift() ?? '' });
      expect(await ports()).toEqual([1]);
      revoke();
      expect(await failure()).toBe('the password function gave no password');
    });

    it('repeats its token in no error', async () => {
      const { failure, replies } = secured();
      replies[V2] = ({ headers }) => {
        throw new Error(`could not send ${headers.get('authorization')}`);
      };
      expect(await failure()).toBe(`GET http://n1:8848${V2}: could not send ***`);
    });
  });

  it('without a user takes a refusal for what it is', async () => {
    expect(await setUp({}, { [V2]: { status: 403 } }).failure()).toBe(`GET http://n1:8848${V2}: status 403`);
  });

  it('heeds timeoutMs and maxBytes', async () => {
    const { failure, clock, replies } = setUp({ timeoutMs: 100, maxBytes: 1_000 }, { [V2]: { hangs: true } });
    const answer = failure();
    await clock.advanceAsync(100);
    expect(await answer).toContain('no answer within 100 ms');
    replies[V2] = wrapped([1], { name: 'x'.repeat(1_000) });
    expect(await failure()).toContain('larger than 1000 bytes');
  });

  it('cuts an answer off at 20 MiB by default', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_048_576).fill(0x20)),
    });
    const { failure } = setUp({
      fetch: async () => new Response(body, { headers: { 'content-type': 'application/json' } }),
    });
    expect(await failure()).toContain('the body is larger than 20971520 bytes');
  });
});

describe('the options of nacosResolver', () => {
  const GIVEN = { url: 'http://n1:8848', service: 'orders' };

  it.each([
    [{}, 'nacosResolver.url: is required: an array or a URL'],
    [{ url: 'http://n1' }, 'nacosResolver.service: is required'],
    [{ ...GIVEN, url: [] }, 'nacosResolver.url: must hold at least one address'],
    [{ ...GIVEN, url: 'nacos:8848' }, 'nacosResolver.url: must be http or https'],
    [{ ...GIVEN, url: 'http://a:hunter2@n1' }, 'must hold no user or password: there are options for them'],
    [{ ...GIVEN, url: 'http://n1/?a=b' }, 'must hold no query'],
    [{ ...GIVEN, service: 'G@@orders' }, 'nacosResolver.service: must be a name without "@@" and commas'],
    [{ ...GIVEN, group: '' }, 'nacosResolver.group: must be a name without "@@" and commas'],
    [{ ...GIVEN, namespace: '' }, 'nacosResolver.namespace: must be a non-empty string'],
    [{ ...GIVEN, clusters: ['a,b'] }, 'nacosResolver.clusters[0]: must be a name'],
    [{ ...GIVEN, version: 'v4' }, "nacosResolver.version: must be one of 'auto', 'v1', 'v2', 'v3'"],
    [{ ...GIVEN, contextPath: 'nacos' }, "nacosResolver.contextPath: must be a path such as '/nacos'"],
    [{ ...GIVEN, username: 'ada' }, 'nacosResolver.username: is nothing without a password'],
    [{ ...GIVEN, password: 'hunter2' }, 'nacosResolver.username: is nothing without a password'],
    [{ ...GIVEN, ttlMs: 99 }, 'nacosResolver.ttlMs: must be milliseconds from 100 to 86400000, got 99'],
    [{ ...GIVEN, timeoutMs: 0 }, 'nacosResolver.timeoutMs: must be milliseconds from 1 to 600000, got 0'],
    [{ ...GIVEN, maxBytes: 0 }, 'nacosResolver.maxBytes: must be an integer from 1 to 1073741824, got 0'],
    [{ ...GIVEN, tls: {}, fetch: globalThis.fetch }, 'nacosResolver.tls: has no effect on a fetch of your own'],
    [{ ...GIVEN, fetch: 1 }, 'nacosResolver.fetch: must be a function, got 1'],
    [{ ...GIVEN, groupName: 'a' }, 'nacosResolver.groupName: unknown option'],
  ])('of %j are refused', (options, message) => {
    let thrown: unknown;
    try {
      nacosResolver(options as never);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toContain(message);
    expect((thrown as Error).message).not.toContain('hunter2');
  });
});

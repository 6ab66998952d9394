import { describe, expect, it } from '@jest/globals';

import type { EurekaResolverOptions } from '../../../../src/control/resolvers/eureka/eureka-options.js';
import { eurekaResolver } from '../../../../src/control/resolvers/eureka/eureka-resolver.js';
import type { EndpointInput } from '../../../../src/core/endpoint.js';
import type { ResolverAnswer } from '../../../../src/core/resolver.js';
import { createFakeClock } from '../../../../src/testing/fake-clock.js';
import { rejectionOf } from '../../../support/rejection.js';

type Reply = { readonly status?: number; readonly json?: unknown; readonly hangs?: true; readonly breaks?: true };

const instance = (port: number, more: object = {}): object => ({
  instanceId: `i-${port}`,
  hostName: 'h1',
  ipAddr: '10.0.0.1',
  app: 'ORDERS',
  status: 'UP',
  port: { $: port, '@enabled': 'true' },
  securePort: { $: port + 1_000, '@enabled': 'true' },
  vipAddress: 'orders.vip,shop.vip',
  secureVipAddress: 'secure.vip',
  ...more,
});
const app = (...entries: object[]): Reply => ({ json: { application: { name: 'ORDERS', instance: entries } } });
const apps = (hashcode: string, ...entries: object[]): Reply => ({
  json: { applications: { apps__hashcode: hashcode, application: [{ name: 'ORDERS', instance: entries }] } },
});
const NOT_FOUND: Reply = { status: 404 };

/** A resolver, and servers that answer by `host/path`; what is not listed is not found. */
function setUp(options: Partial<EurekaResolverOptions>, replies: Record<string, Reply> = {}) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const headers: Headers[] = [];
  const fetch = (async (url: URL, init: { headers: Headers; signal: AbortSignal }): Promise<Response> => {
    asked.push(url.href.replace('http://', ''));
    headers.push(init.headers);
    const reply = replies[`${url.hostname}${url.pathname}`] ?? NOT_FOUND;
    if (reply.hangs) return new Promise((_, reject) => init.signal.addEventListener('abort', reject));
    if (reply.breaks) throw new Error(`connect ECONNREFUSED ${url.host}`);
    return reply.json === undefined
      ? new Response('', { status: reply.status ?? 200 })
      : Response.json(reply.json, { status: reply.status ?? 200 });
  }) as unknown as typeof globalThis.fetch;
  const resolver = eurekaResolver({
    url: 'http://e1/eureka',
    ...(options.vip === undefined ? { app: 'orders' } : {}),
    fetch,
    ...options,
  });
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
    headers,
    ports: async () => (await resolve()).endpoints.map((input) => (input as Exclude<EndpointInput, string>).port),
    asked: () => asked.splice(0),
  };
}

const badOption = (options: object): string => {
  try {
    eurekaResolver(options as never);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

describe('eurekaResolver', () => {
  it('asks for the application, and for nothing else', async () => {
    const { resolver, resolve, asked, headers } = setUp({}, { 'e1/eureka/apps/ORDERS': app(instance(8080)) });
    expect(resolver.kind).toBe('eureka');
    expect(await resolve()).toEqual({
      endpoints: [
        {
          host: 'h1',
          port: 8080,
          scheme: 'http',
          metadata: { 'eureka.app': 'ORDERS', 'eureka.instanceId': 'i-8080' },
        },
      ],
      ttlMs: 30_000,
    });
    expect(asked()).toEqual(['e1/eureka/apps/ORDERS']);
    expect(Object.fromEntries(headers[0] as Headers)).toEqual({ accept: 'application/json' });
  });

  it.each([
    [{ vip: 'orders.vip' }, 'vips/orders.vip'],
    [{ vip: 'orders.vip', secure: false }, 'vips/orders.vip'],
    [{ vip: 'secure.vip', secure: true }, 'svips/secure.vip'],
    [{ vip: 'a b?c' }, 'vips/a%20b%3Fc'],
  ] as [Partial<EurekaResolverOptions>, string][])('with %j asks for %s', async (options, path) => {
    const { ports, asked } = setUp(options, { [`e1/eureka/${path}`]: apps('UP_1_', instance(8080)) });
    expect(await ports()).toEqual([options.secure === true ? 9080 : 8080]);
    expect(asked()).toEqual([`e1/eureka/${path}`]);
  });

  it('takes a slash at the end of the address, and no path at all', async () => {
    const { resolve, asked } = setUp(
      { url: ['http://e1/eureka/v2/', new URL('http://e2')] },
      { 'e1/eureka/v2/apps/ORDERS': { breaks: true }, 'e2/apps/ORDERS': app() },
    );
    expect((await resolve()).endpoints).toEqual([]);
    expect(asked()).toEqual(['e1/eureka/v2/apps/ORDERS', 'e2/apps/ORDERS']);
  });

  describe('told that the application is unknown', () => {
    it('says that nobody serves it, once the server has shown that it is Eureka', async () => {
      const { resolve, asked, replies } = setUp({}, { 'e1/eureka/apps/delta': apps('') });
      expect((await resolve()).endpoints).toEqual([]);
      expect(asked()).toEqual(['e1/eureka/apps/ORDERS', 'e1/eureka/apps/delta']);
      replies['e1/eureka/apps/delta'] = { status: 403 };
      expect((await resolve()).endpoints).toEqual([]);
    });

    it('does not believe whatever else answers at that address', async () => {
      const { resolve, replies } = setUp({}, {});
      const { message } = await rejectionOf(resolve());
      expect(message).toBe(
        'GET http://e1/eureka/apps/ORDERS: status 404, but this seems to be no Eureka: ' +
          'GET http://e1/eureka/apps/delta: status 404',
      );
      replies['e1/eureka/apps/delta'] = { json: { hello: 'world' } };
      expect((await rejectionOf(resolve())).message).toContain('the body holds no applications');
    });

    it('asks another server before it gives up', async () => {
      const { ports, asked } = setUp(
        { url: ['http://e1/typo', 'http://e2/eureka'] },
        { 'e2/eureka/apps/ORDERS': app(instance(8080)) },
      );
      expect(await ports()).toEqual([8080]);
      expect(asked()).toEqual(['e1/typo/apps/ORDERS', 'e1/typo/apps/delta', 'e2/eureka/apps/ORDERS']);
    });
  });

  describe('with several servers', () => {
    const both = { url: ['http://e1/eureka', 'http://e2/eureka'] };

    it.each([{ breaks: true }, { status: 500 }, { json: { garbage: true } }] as Reply[])(
      'asks the next one when one answers %j, and stays with it',
      async (reply) => {
        const { ports, asked } = setUp(both, {
          'e1/eureka/apps/ORDERS': reply,
          'e2/eureka/apps/ORDERS': app(instance(8080)),
        });
        expect(await ports()).toEqual([8080]);
        expect(asked()).toHaveLength(2);
        expect(await ports()).toEqual([8080]);
        expect(asked()).toEqual(['e2/eureka/apps/ORDERS']);
      },
    );

    it('gives each of them its time', async () => {
      const { resolve, clock, asked } = setUp(both, {
        'e1/eureka/apps/ORDERS': { hangs: true },
        'e2/eureka/apps/ORDERS': app(instance(8080)),
      });
      const answer = resolve();
      await clock.advanceAsync(2_999);
      expect(asked()).toEqual(['e1/eureka/apps/ORDERS']);
      await clock.advanceAsync(1);
      expect((await answer).endpoints).toHaveLength(1);
    });

    it('says for each of them why it could not be asked', async () => {
      const { resolve } = setUp(both, {
        'e1/eureka/apps/ORDERS': { breaks: true },
        'e2/eureka/apps/ORDERS': { status: 503 },
      });
      expect((await rejectionOf(resolve())).message).toBe(
        'GET http://e1/eureka/apps/ORDERS: connect ECONNREFUSED e1; GET http://e2/eureka/apps/ORDERS: status 503',
      );
    });
  });

  describe('with delta', () => {
    const FULL = 'e1/eureka/apps';
    const DELTA = 'e1/eureka/apps/delta';
    const stock = instance(7000, { app: 'STOCK', status: 'DOWN', vipAddress: 'stock.vip' });
    const start = (options: Partial<EurekaResolverOptions> = {}) =>
      setUp(
        { delta: true, ...options },
        { [FULL]: apps('DOWN_1_UP_1_', instance(8080), stock), [DELTA]: apps('DOWN_1_UP_1_') },
      );

    it('copies the registry once, and then asks for what changed', async () => {
      const { ports, asked, replies, clock } = start();
      expect(await ports()).toEqual([8080]);
      await clock.advanceAsync(30_000);
      expect(await ports()).toEqual([8080]);
      replies[DELTA] = apps('DOWN_1_UP_2_', instance(8081, { actionType: 'ADDED' }));
      expect(await ports()).toEqual([8080, 8081]);
      replies[DELTA] = apps('DOWN_2_UP_1_', instance(8080, { actionType: 'MODIFIED', status: 'DOWN' }));
      expect(await ports()).toEqual([8081]);
      expect(asked()).toEqual([FULL, DELTA, DELTA, DELTA]);
    });

    it('asks for everything again when the hashcode shows that something was missed', async () => {
      const { ports, asked, replies } = start();
      await ports();
      replies[DELTA] = apps('DOWN_1_UP_2_');
      replies[FULL] = apps('DOWN_1_UP_2_', instance(8080), instance(8082), stock);
      expect(await ports()).toEqual([8080, 8082]);
      expect(asked()).toEqual([FULL, DELTA, FULL]);
      expect(await ports()).toEqual([8080, 8082]);
      expect(asked()).toEqual([DELTA]);
    });

    it('asks for everything after more than three minutes, which the server does not look back', async () => {
      const { ports, asked, clock } = start();
      await ports();
      await clock.advanceAsync(180_000);
      await ports();
      expect(asked()).toEqual([FULL, DELTA]);
      await clock.advanceAsync(180_001);
      await ports();
      expect(asked()).toEqual([FULL]);
    });

    it.each([403, 404])('asks for everything where deltas are answered with %d', async (status) => {
      const { ports, asked, replies } = start();
      await ports();
      replies[DELTA] = { status };
      expect(await ports()).toEqual([8080]);
      expect(asked()).toEqual([FULL, DELTA, FULL]);
    });

    it('keeps its copy while asking fails', async () => {
      const { ports, asked, replies, resolve } = start();
      await ports();
      replies[DELTA] = { status: 500 };
      expect((await rejectionOf(resolve())).message).toBe('GET http://e1/eureka/apps/delta: status 500');
      replies[DELTA] = apps('DOWN_1_UP_1_');
      expect(await ports()).toEqual([8080]);
      expect(asked()).toEqual([FULL, DELTA, DELTA]);
    });

    it('says that nobody is there when the registry holds no such application', async () => {
      expect(await start({ app: 'users' }).ports()).toEqual([]);
    });

    it('does not mistake one application for another', async () => {
      expect(await start({ app: 'order' }).ports()).toEqual([]);
      expect(await start({ app: 'OrderS' }).ports()).toEqual([8080]);
    });

    it.each([
      [{ vip: 'SHOP.vip' }, [8080]],
      [{ vip: 'secure.vip' }, []],
      [{ vip: 'secure.vip', secure: true }, [9080]],
      [{ vip: 'op.vip' }, []],
    ])('finds %j', async (options, expected) => {
      expect(await start(options).ports()).toEqual(expected);
    });

    it('serves several feeds at once', async () => {
      const { ports, replies } = start();
      await ports();
      replies[DELTA] = apps('DOWN_1_UP_2_', instance(8081, { actionType: 'ADDED' }));
      const answers = Promise.all([ports(), ports()]);
      expect(await answers).toEqual([
        [8080, 8081],
        [8080, 8081],
      ]);
    });
  });

  describe('with credentials', () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

    it('sends them in a header', async () => {
      const { resolve, headers } = setUp({ username: 'ada', password: 'p:ä' }, { 'e1/eureka/apps/ORDERS': app() });
      await resolve();
      expect(headers[0]?.get('authorization')).toBe(basic('ada:p:ä'));
    });

    it('asks for a password that may change before each request', async () => {
      const passwords = ['first', 'second'];
      const { resolve, headers } = setUp(
        { username: 'ada', password: async () => passwords.shift() ?? '' },
        { 'e1/eureka/apps/ORDERS': app() },
      );
      await resolve();
      await resolve();
      expect(headers.map((each) => each.get('authorization'))).toEqual([basic('ada:first'), basic('ada:second')]);
      expect((await rejectionOf(resolve())).message).toContain('the password function gave no password');
    });

    it('repeats them in no error', async () => {
      const fetch = async (_: URL, { headers }: { headers: Headers }): Promise<Response> => {
        throw new Error(`could not send ${headers.get('authorization')}`);
      };
      const { resolve } = setUp({ username: 'ada', password: 'hunter2', fetch: fetch as never });
      expect((await rejectionOf(resolve())).message).toBe('GET http://e1/eureka/apps/ORDERS: could not send ***');
    });
  });

  it.each([
    ['preferIp', { preferIp: true }, { host: '10.0.0.1' }],
    ['secure', { secure: true }, { scheme: 'https', port: 9080, hostname: 'h1' }],
  ])('heeds %s', async (_, options, expected) => {
    const { resolve } = setUp(options, { 'e1/eureka/apps/ORDERS': app(instance(8080)) });
    expect((await resolve()).endpoints).toMatchObject([expected]);
  });

  it('heeds ttlMs, timeoutMs and maxBytes', async () => {
    const { resolve, replies, clock } = setUp(
      { ttlMs: 5_000, timeoutMs: 100, maxBytes: 1_000 },
      { 'e1/eureka/apps/ORDERS': app(instance(8080)) },
    );
    expect((await resolve()).ttlMs).toBe(5_000);
    replies['e1/eureka/apps/ORDERS'] = app(instance(8080, { metadata: { long: 'x'.repeat(1_000) } }));
    expect((await rejectionOf(resolve())).message).toContain('larger than 1000 bytes');
    replies['e1/eureka/apps/ORDERS'] = { hangs: true };
    const answer = rejectionOf(resolve());
    await clock.advanceAsync(100);
    expect((await answer).message).toContain('no answer within 100 ms');
  });
});

it('cuts an answer off at 50 MiB by default', async () => {
  let sent = 0;
  const chunk = new Uint8Array(1_048_576).fill(0x20);
  const body = new ReadableStream({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const { resolve } = setUp({
    fetch: async () => new Response(body, { headers: { 'content-type': 'application/json' } }),
  });
  expect((await rejectionOf(resolve())).message).toBe(
    'GET http://e1/eureka/apps/ORDERS: the body is larger than 52428800 bytes',
  );
  expect(sent).toBeLessThan(60_000_000);
});

describe('the options of eurekaResolver', () => {
  const URL_AND_APP = { url: 'http://e1/eureka', app: 'orders' };

  it.each([
    [{}, 'eurekaResolver.url: is required: an array or a URL'],
    [{ url: 'http://e1' }, 'eurekaResolver.app: either app or vip says what is looked for, and not both'],
    [{ ...URL_AND_APP, vip: 'v' }, 'eurekaResolver.app: either app or vip says what is looked for, and not both'],
    [{ ...URL_AND_APP, url: [] }, 'eurekaResolver.url: must hold at least one address'],
    [{ ...URL_AND_APP, url: 'ftp://e1' }, 'eurekaResolver.url: must be http or https'],
    [
      { ...URL_AND_APP, url: ['http://e1', 'http://ada:hunter2@e2/eureka'] },
      'eurekaResolver.url[1]: must hold no user or password: there are options for them',
    ],
    [
      { ...URL_AND_APP, url: 'http://e1/?a=b' },
      'eurekaResolver.url: must hold no query: there is an option for each parameter',
    ],
    [{ ...URL_AND_APP, app: 'a/b' }, 'eurekaResolver.app: must be a name, 1 to 255 characters without "/", got "a/b"'],
    [{ ...URL_AND_APP, app: '..' }, 'eurekaResolver.app: must be a name, 1 to 255 characters without "/", got ".."'],
    [{ ...URL_AND_APP, secure: 'yes' }, 'eurekaResolver.secure: must be true or false, got "yes"'],
    [{ ...URL_AND_APP, preferIP: true }, "eurekaResolver.preferIP: unknown option; did you mean 'preferIp'?"],
    [{ ...URL_AND_APP, delta: 1 }, 'eurekaResolver.delta: must be true or false, got 1'],
    [{ ...URL_AND_APP, password: 'hunter2' }, 'eurekaResolver.username: is required where there is a password'],
    [{ ...URL_AND_APP, username: 'a:b' }, 'eurekaResolver.username: must hold no ":", which ends a user name'],
    [{ ...URL_AND_APP, ttlMs: 99 }, 'eurekaResolver.ttlMs: must be milliseconds from 100 to 86400000, got 99'],
    [{ ...URL_AND_APP, timeoutMs: 0 }, 'eurekaResolver.timeoutMs: must be milliseconds from 1 to 600000, got 0'],
    [{ ...URL_AND_APP, maxBytes: 0 }, 'eurekaResolver.maxBytes: must be an integer from 1 to 1073741824, got 0'],
    [{ ...URL_AND_APP, tls: {}, fetch: globalThis.fetch }, 'eurekaResolver.tls: has no effect on a fetch of your own'],
    [{ ...URL_AND_APP, tls: { ca: 1 } }, 'eurekaResolver.tls.ca'],
    [{ ...URL_AND_APP, fetch: 1 }, 'eurekaResolver.fetch: must be a function, got 1'],
  ])('of %j are refused', (options, message) => {
    expect(badOption(options)).toContain(message);
  });
});

import { describe, expect, it } from '@jest/globals';

import { envResolver, type EnvResolverOptions } from '../../../src/control/resolvers/env-resolver.js';
import { firstOf } from '../../../src/control/resolvers/first-of.js';
import { staticResolver } from '../../../src/control/resolvers/static-resolver.js';
import { createClient } from '../../../src/client/create-client.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { ids, startFeed } from '../discovery/feed-harness.js';

type Env = Record<string, string | undefined>;

/** The ids of what `name` is found to be, or the reason why not. */
function found(env: Env, name = 'orders', options: EnvResolverOptions = {}): string[] | string {
  const { feed } = startFeed(envResolver(name, { env, ...options }));
  const { status, endpoints, error } = feed.resolution();
  return status === 'found' ? endpoints.map(({ id }) => id) : (error as Error).message;
}

describe('envResolver', () => {
  it('is known as soon as the feed has started, and says which variable it was', () => {
    const { feed, clock } = startFeed(envResolver('orders', { env: { ORDERS_URLS: 'http://a:1/api' } }));
    expect(feed.resolution()).toMatchObject({
      status: 'found',
      endpoints: [{ id: 'http://a:1/api', metadata: { variable: 'ORDERS_URLS' } }],
    });
    expect(clock.pendingTimers).toBe(0);
  });

  describe('with ORDERS_URLS', () => {
    it.each([
      ['http://a:1,https://b:2/x', ['http://a:1', 'https://b:2/x']],
      [' a:1  b:2\n c:3 ', ['http://a:1', 'http://b:2', 'http://c:3']],
      ['a:1, [::1]:2 ,', ['http://a:1', 'http://[::1]:2']],
    ])('reads %j, by comma or white space', (text, expected) => {
      expect(found({ ORDERS_URLS: text })).toEqual(expected);
    });

    it('takes it before any other form, and an empty one for none', () => {
      const others = { ORDERS_SERVICE_HOST: '10.0.0.9', ORDERS_SERVICE_PORT: '80', services__orders__http__0: 'b:2' };
      expect(found({ ORDERS_URLS: 'a:1', ...others })).toEqual(['http://a:1']);
      expect(found({ ORDERS_URLS: ' ', ...others })).toEqual(['http://b:2']);
    });

    it('could not ask when no address in it is one, and does not repeat a password', () => {
      expect(found({ ORDERS_URLS: 'http://me:hunter2@a:1' })).toMatch(/no endpoint of the answer can be used/);
      expect(found({ ORDERS_URLS: 'http://me:hunter2@a:1' })).not.toMatch(/hunter2/);
    });
  });

  describe('with the variables of Kubernetes', () => {
    const env = {
      MY_ORDERS_SERVICE_HOST: '10.96.0.7',
      MY_ORDERS_SERVICE_PORT: '80',
      MY_ORDERS_SERVICE_PORT_HTTP: '80',
      MY_ORDERS_SERVICE_PORT_HTTPS: '443',
      MY_ORDERS_SERVICE_PORT_GRPC_WEB: '8090',
    };

    it('takes the first port, and a named one when asked, with hyphens as underscores', () => {
      expect(found(env, 'my-orders')).toEqual(['http://10.96.0.7:80']);
      expect(found(env, 'my-orders', { portName: 'grpc-web' })).toEqual(['http://10.96.0.7:8090']);
      expect(found(env, 'my-orders', { portName: 'https' })).toEqual(['https://10.96.0.7:443']);
    });

    it('takes an IPv6 address, which Kubernetes writes without brackets', () => {
      expect(found({ ORDERS_SERVICE_HOST: 'fd00::7', ORDERS_SERVICE_PORT: '80' })).toEqual(['http://[fd00::7]:80']);
    });

    it('says which variable is missing', () => {
      expect(found(env, 'my-orders', { portName: 'metrics' })).toBe(
        'MY_ORDERS_SERVICE_HOST is set, but MY_ORDERS_SERVICE_PORT_METRICS is not',
      );
    });

    it('refuses a port that is none', () => {
      expect(found({ ORDERS_SERVICE_HOST: '10.0.0.1', ORDERS_SERVICE_PORT: 'tcp://10.0.0.1:80' })).toMatch(
        /no endpoint of the answer can be used/,
      );
    });
  });

  describe('with the variables of Aspire', () => {
    it('takes every index of a port, in numeric order', () => {
      const env = Object.fromEntries([10, 2, 0].map((i) => [`services__orders__http__${i}`, `http://a:${i + 1}`]));
      expect(found(env)).toEqual(['http://a:1', 'http://a:3', 'http://a:11']);
    });

    it('takes https before http, and the one that is asked for before both', () => {
      const env = {
        services__orders__http__0: 'http://a:1',
        services__orders__https__0: 'https://a:2',
        services__orders__grpc__0: 'http://a:3',
      };
      expect(found(env)).toEqual(['https://a:2']);
      expect(found(env, 'orders', { portName: 'http' })).toEqual(['http://a:1']);
      expect(found(env, 'orders', { portName: 'gRPC' })).toEqual(['http://a:3']);
    });

    it('takes a port of another name when it is the only one, and asks which when there are several', () => {
      const env: Env = { services__orders__api__0: 'http://a:1' };
      expect(found(env)).toEqual(['http://a:1']);
      expect(found({ ...env, services__orders__admin__0: 'http://a:2' })).toBe(
        'orders has the ports api, admin, and no portName says which is meant',
      );
    });

    it('reads names in any case, as .NET does, and a value without an index', () => {
      expect(found({ SERVICES__ORDERS__HTTP__0: 'http://a:1' })).toEqual(['http://a:1']);
      expect(found({ Services__Orders__http: 'http://a:1' }, 'ORDERS')).toEqual(['http://a:1']);
    });

    it.each([
      'services__my-orders-api__http__0',
      'services__my_orders_api__http__0',
      'services__myordersapi__http__0',
      'MY_ORDERS_API_HTTP',
      'MY_ORDERS_API_HTTPS',
    ])('finds my-orders-api in %s', (variable) => {
      expect(found({ [variable]: 'http://a:1' }, 'my-orders-api')).toEqual(['http://a:1']);
    });

    it('takes the name as written before one whose hyphens were replaced', () => {
      const env = { 'services__my-orders__http__0': 'http://a:1', services__my_orders__http__0: 'http://b:1' };
      expect(found(env, 'my-orders')).toEqual(['http://a:1']);
      expect(found(env, 'my_orders')).toEqual(['http://b:1']);
    });

    it('does not take another service that begins with the same name', () => {
      expect(found({ 'services__orders-api__http__0': 'http://a:1' })).toMatch(/no environment variable/);
      expect(found({ services__orders__api__http__0: 'http://a:1' })).toMatch(/no environment variable/);
    });

    it('takes a short name that means something else for none, and an underscore before a digit', () => {
      expect(found({ ORDERS_HTTP: '1' })).toMatch(/no environment variable/);
      expect(found({ _3ORDERS_HTTP: 'http://a:1' }, '3orders')).toEqual(['http://a:1']);
    });
  });

  it('could not ask when nothing speaks of the service, and says what it looked for', () => {
    expect(found({ INVOICES_URLS: 'a:1' }, 'my-orders')).toBe(
      'no environment variable says where it is: not MY_ORDERS_URLS, nor services__my-orders__http__0, nor MY_ORDERS_HTTP, nor MY_ORDERS_SERVICE_HOST',
    );
    const { feed } = startFeed(firstOf(envResolver('orders', { env: {} }), staticResolver(['b:1'])));
    expect(ids(feed.resolution())).toEqual(['b:1']);
  });

  it('finds nothing in what every object inherits', () => {
    const env = Object.create({ ORDERS_URLS: 'a:1' }) as Env;
    expect(found(env)).toMatch(/no environment variable/);
  });

  it('reads the environment again when discovery is asked to refresh', () => {
    const env: Env = {};
    const { feed } = startFeed(envResolver('orders', { env }));
    expect(feed.resolution().status).toBe('failed');
    env['ORDERS_URLS'] = 'a:1';
    feed.refresh();
    expect(ids(feed.resolution())).toEqual(['a:1']);
  });

  it('goes by the name of the service, also within combinators, and without its port', async () => {
    const env = { ORDERS_URLS: 'a:1', INVOICES_URLS: 'b:2' };
    const resolver = firstOf(envResolver(undefined, { env }), staticResolver(['z:9']));
    const client = createClient({ services: { Orders: { resolver }, 'invoices:8080': { resolver } } });
    const { services } = client.snapshot();
    expect(services['orders']?.endpoints).toMatchObject([{ id: 'http://a:1' }]);
    expect(services['invoices:8080']?.endpoints).toMatchObject([{ id: 'http://b:2' }]);
    await client.close();
  });

  it('asks for a name where there is no service', () => {
    const errors: unknown[] = [];
    envResolver(undefined, { env: {} }).watch(
      { update: () => {}, error: (error) => errors.push(error) },
      { signal: new AbortController().signal, clock: createFakeClock(), random: { next: () => 0.5 } },
    );
    expect(errors).toMatchObject([{ message: expect.stringMatching(/needs a name/) }]);
  });

  it.each<[unknown, object, RegExp]>([
    ['', {}, /^ERR_INVALID_OPTION: envResolver: must be the name of a service/],
    ['a b', {}, /must be the name of a service/],
    [7, {}, /must be the name of a service/],
    ['a', { portname: 'x' }, /envResolver\.portname: unknown option; did you mean 'portName'/],
    ['a', { portName: 'x y' }, /envResolver\.portName: must be the name of a port/],
    ['a', { env: 'x' }, /envResolver\.env: must be an object of strings/],
  ])('refuses %j with %j', (name, options, message) => {
    expect(() => envResolver(name as string, options)).toThrow(message);
  });
});

import { describe, expect, it } from '@jest/globals';

import type { ServiceOptions } from '../../src/client/options.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer } from './stub-wire.js';

function to(endpoint: string): ServiceOptions {
  return { resolver: createManualResolver([endpoint]) };
}

function benchOf(services: Record<string, ServiceOptions>, unlisted?: 'reject'): Bench {
  return createBench({ client: { services, ...(unlisted === undefined ? {} : { unlisted }) } });
}

describe('which service a URL means', () => {
  const services = {
    orders: to('any:1'),
    'orders:8080': to('special:1'),
    'Stock:80': to('stock:1'),
    '[::1]': to('six:1'),
    '[::1]:9000': to('six-nine:1'),
  };

  it.each([
    ['http://orders/x', 'any:1'],
    ['http://orders:81/x', 'any:1'],
    ['https://orders/x', 'any:1'],
    ['http://ORDERS/x', 'any:1'],
    ['http://user:secret@orders/x', 'any:1'],
    ['http://orders:8080/x', 'special:1'],
    ['http://Orders:8080', 'special:1'],
    ['http://stock/x', 'stock:1'],
    ['http://stock:80/x', 'stock:1'],
    ['http://[::1]/x', 'six:1'],
    ['http://[0::1]:8080/x', 'six:1'],
    ['http://[::1]:9000/x', 'six-nine:1'],
    ['http:///orders/x', 'any:1'],
  ])('%s goes to %s', async (url, endpoint) => {
    const { client, wire, outcome } = benchOf(services);
    // Request has no room for credentials in its URL.
    const inputs = url.includes('@') ? [url, new URL(url)] : [url, new URL(url), new Request(url)];
    for (const input of inputs) expect(valueOf(await outcome(client.fetch(input))).status).toBe(200);
    // The second time by the memory of the first.
    await outcome(client.fetch(url));
    expect(wire.route).toEqual([...inputs, url].map(() => endpoint));
  });

  it.each(['http://stock:81/x', 'https://stock/x', 'http://order/x', 'http://orders.example/x', 'http://[::2]/x'])(
    '%s is no service and passes through untouched',
    async (url) => {
      const { client, wire, outcome } = benchOf(services);
      const body = 'text';
      await outcome(client.fetch(url, { method: 'PUT', body, headers: { 'x-own': '1' }, fairlead: { timeoutMs: 5 } }));
      expect(wire.sent).toEqual([expect.objectContaining({ url, method: 'PUT', body })]);
      expect([...(wire.sent[0]?.headers ?? [])]).toEqual([
        ['content-type', 'text/plain;charset=UTF-8'],
        ['x-own', '1'],
      ]);
    },
  );

  it('is told apart by what the caller sees: the logical URL stays on the response', async () => {
    const { client, outcome } = benchOf(services);
    expect(valueOf(await outcome(client.fetch('http://Orders:8080/a?b#c'))).url).toBe('http://orders:8080/a?b');
  });
});

describe('unlisted: reject', () => {
  it('refuses hosts that are no service, by their name and without the rest of the URL', async () => {
    const { client, wire, outcome } = benchOf({ orders: to('a:1') }, 'reject');
    const error = errorOf(await outcome(client.fetch('http://user:hunter2@elsewhere:81/path?token=hunter2')));
    expect(error).toMatchObject({ code: 'ERR_UNKNOWN_SERVICE', name: 'TypeError', service: 'elsewhere:81' });
    expect(error.message).toBe(
      'ERR_UNKNOWN_SERVICE: elsewhere:81 is no service of this client, and unlisted hosts are rejected',
    );
    expect(wire.sent).toEqual([]);
  });

  it.each(['data:text/plain,secret', '/relative', 'ftp://elsewhere/'])('refuses %s', async (url) => {
    const { client, outcome } = benchOf({ orders: to('a:1') }, 'reject');
    const error = errorOf(await outcome(client.fetch(url)));
    expect(error.message).toBe(
      'ERR_UNKNOWN_SERVICE: a URL without an http host is no service of this client, and unlisted hosts are rejected',
    );
  });

  it('holds for redirects as well', async () => {
    const { client, wire, outcome } = benchOf({ orders: to('a:1') }, 'reject');
    wire.at('a:1', answer(302, { location: 'http://169.254.169.254/latest' }));
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error).toMatchObject({ code: 'ERR_UNKNOWN_SERVICE', service: '169.254.169.254' });
    expect(wire.route).toEqual(['a:1']);
  });

  it('holds for request and for the dispatcher', async () => {
    const { client, outcome } = benchOf({ orders: to('a:1') }, 'reject');
    const refusal = expect.objectContaining({ code: 'ERR_UNKNOWN_SERVICE', service: 'elsewhere' });
    expect(errorOf(await outcome(client.request('http://elsewhere/')))).toEqual(refusal);
    const errors: unknown[] = [];
    client.dispatcher.dispatch(
      { origin: 'http://elsewhere', path: '/', method: 'GET' },
      { onError: (error: unknown) => errors.push(error) },
    );
    expect(errors).toEqual([refusal]);
  });
});

describe('a service by name', () => {
  it('is found in any case, with the port of its key, and without', () => {
    const { client } = benchOf({ orders: to('a:1'), 'stock:8080': to('b:1') });
    expect(client.pick('Orders').endpoint.host).toBe('a');
    expect(client.pick('orders:99').endpoint.host).toBe('a');
    expect(client.pick('stock:8080').endpoint.host).toBe('b');
  });

  it.each(['stock', '', 'http://orders', '@'])('is unknown when it is %j', (name) => {
    const { client } = benchOf({ orders: to('a:1') });
    expect(() => client.pick(name)).toThrow(
      expect.objectContaining({
        code: 'ERR_UNKNOWN_SERVICE',
        message: `ERR_UNKNOWN_SERVICE: '${name}' is no service of this client`,
        service: name,
      }),
    );
  });
});

describe('services by a function', () => {
  it('are made when they are first called, by the host as written, and kept', async () => {
    const asked: string[] = [];
    const { client, wire, outcome } = createBench({
      client: {
        services: (host) => {
          asked.push(host);
          return host.startsWith('none') ? undefined : to(`${host.replace(':', '-')}.local:1`);
        },
      },
    });
    for (const url of ['http://orders/', 'http://Orders/x', 'http://orders:80/', 'http://orders:81/', 'http://none/'])
      await outcome(client.fetch(url));
    await outcome(client.fetch('http://none/again'));
    expect(asked).toEqual(['orders', 'orders:81', 'none']);
    expect(wire.route).toEqual([
      'orders.local:1',
      'orders.local:1',
      'orders.local:1',
      'orders-81.local:1',
      'none',
      'none',
    ]);
    expect(Object.keys(client.snapshot().services).sort()).toEqual(['orders', 'orders:81']);
  });

  it('are retired when more than maxServices are in use, the one first that was not called for longest', async () => {
    const resolvers = new Map<string, ReturnType<typeof createManualResolver>>();
    const { client, outcome } = createBench({
      client: {
        maxServices: 2,
        services: (host) => {
          const resolver = createManualResolver([`${host}.local:1`]);
          resolvers.set(host, resolver);
          return { resolver };
        },
      },
    });
    for (const host of ['a', 'b', 'a', 'c']) await outcome(client.fetch(`http://${host}/`));
    expect([...resolvers].map(([host, { watchers }]) => [host, watchers])).toEqual([
      ['a', 1],
      ['b', 0],
      ['c', 1],
    ]);
    await outcome(client.close());
    expect([...resolvers.values()].every(({ watchers }) => watchers === 0)).toBe(true);
  });

  it('are not crowded out by hosts that are none', async () => {
    const resolver = createManualResolver(['a:1']);
    const { client, outcome } = createBench({
      client: { maxServices: 1, services: (host) => (host === 'orders' ? { resolver } : undefined) },
    });
    await outcome(client.fetch('http://orders/'));
    for (const host of ['a', 'b', 'c']) await outcome(client.fetch(`http://${host}/`));
    expect(Object.keys(client.snapshot().services)).toEqual(['orders']);
    expect(resolver.watchers).toBe(1);
  });

  it('let calls that wait for their first endpoint go on when they are retired', async () => {
    const late = createManualResolver();
    const { client, outcome } = createBench({
      client: { maxServices: 1, services: (host) => (host === 'late' ? { resolver: late } : to(`${host}.local:1`)) },
    });
    const waiting = client.fetch('http://late/');
    await outcome(waiting);
    await outcome(client.fetch('http://other/'));
    late.set(['late.local:1']);
    expect(await outcome(waiting)).toMatchObject({ value: { status: 200 } });
    await outcome(Promise.resolve());
    expect(late.watchers).toBe(0);
  });

  it('finish what is in flight when they are retired, and the client waits for it', async () => {
    const { client, outcome } = createBench({
      client: { maxServices: 1, services: (host) => to(`${host}.local:1`) },
    });
    const lease = client.pick('first');
    client.pick('second').settle({ kind: 'success' });
    const closed = client.close();
    expect(await outcome(closed)).toBe('pending');
    lease.settle({ kind: 'success' });
    expect(await outcome(closed)).toEqual({ value: undefined });
  });

  it('fail the call that first names them when the function throws', async () => {
    const { client, outcome } = createBench({
      client: {
        services: () => {
          throw new Error('no idea');
        },
      },
    });
    expect(errorOf(await outcome(client.fetch('http://orders/'))).message).toBe('no idea');
    const errors: unknown[] = [];
    client.dispatcher.dispatch(
      { origin: 'http://orders', path: '/', method: 'GET' },
      { onError: (error: unknown) => errors.push(error) },
    );
    expect(errors).toEqual([new Error('no idea')]);
  });
});

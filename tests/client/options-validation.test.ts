import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createClient } from '../../src/client/create-client.js';
import type { ClientOptions, ServiceOptions } from '../../src/client/options.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createStubWire } from './stub-wire.js';
import { createBench, errorOf, valueOf } from './bench.js';

const resolver = createManualResolver(['a:1']);
const DAY = 86_400_000;
const HOUR = 3_600_000;

/** Every numeric option of a service, and the lowest and highest value that it takes. */
const BOUNDS: readonly (readonly [path: string, min: number, max: number, what: string])[] = [
  ['timeoutMs', 1, DAY, 'milliseconds'],
  ['attemptTimeoutMs', 1, DAY, 'milliseconds'],
  ['bodyIdleTimeoutMs', 1, DAY, 'milliseconds'],
  ['selectionTimeoutMs', 0, DAY, 'milliseconds'],
  ['cache.minTtlMs', 100, HOUR, 'milliseconds'],
  ['cache.maxTtlMs', 100, DAY, 'milliseconds'],
  ['cache.defaultTtlMs', 100, DAY, 'milliseconds'],
  ['cache.negativeTtlMs', 100, HOUR, 'milliseconds'],
  ['cache.staleMs', 0, 7 * DAY, 'milliseconds'],
  ['cache.emptyGraceMs', 0, HOUR, 'milliseconds'],
  ['cache.shrinkThreshold', 0, 1, 'a ratio'],
  ['cache.jitterRatio', 0, 0.5, 'a number'],
  ['cache.minRefreshIntervalMs', 0, HOUR, 'milliseconds'],
  ['cache.askTimeoutMs', 1, 600_000, 'milliseconds'],
  ['cache.retryBaseMs', 1, 600_000, 'milliseconds'],
  ['cache.retryMaxMs', 1, HOUR, 'milliseconds'],
  ['retry.maxAttempts', 1, 10, 'an integer'],
  ['retry.backoffBaseMs', 0, 60_000, 'milliseconds'],
  ['retry.backoffMaxMs', 0, 300_000, 'milliseconds'],
  ['retry.retryAfterMaxMs', 0, 300_000, 'milliseconds'],
  ['retry.budget.ratio', 0, 1, 'a ratio'],
  ['retry.budget.minPerSecond', 0, 1_000, 'a number'],
  ['retry.budget.ttlMs', 1_000, 60_000, 'milliseconds'],
  ['ejection.consecutiveFailures', 0, 1_000, 'an integer'],
  ['ejection.failureThreshold', 0, 1, 'a ratio'],
  ['ejection.minVolume', 1, 1_000_000, 'an integer'],
  ['ejection.windowMs', 100, HOUR, 'milliseconds'],
  ['ejection.baseEjectionMs', 1, DAY, 'milliseconds'],
  ['ejection.maxEjectionMs', 1, DAY, 'milliseconds'],
  ['ejection.jitterRatio', 0, 1, 'a ratio'],
  ['ejection.maxEjectedRatio', 0, 1, 'a ratio'],
  ['ejection.consecutiveLocalFailures', 0, 1_000, 'an integer'],
  ['ejection.successRate.stdevFactor', 0.1, 100, 'a number'],
  ['ejection.successRate.minEndpoints', 2, 10_000, 'an integer'],
  ['ejection.successRate.minVolume', 1, 1_000_000, 'an integer'],
  ['ejection.latency.factor', 1.1, 1_000, 'a number'],
  ['ejection.latency.minDifferenceMs', 0, HOUR, 'milliseconds'],
  ['ejection.latency.minEndpoints', 3, 10_000, 'an integer'],
  ['ejection.latency.minVolume', 1, 1_000_000, 'an integer'],
  ['ejection.probeTimeoutMs', 1, HOUR, 'milliseconds'],
  ['healthCheck.intervalMs', 10, HOUR, 'milliseconds'],
  ['healthCheck.jitterRatio', 0, 1, 'a ratio'],
  ['healthCheck.timeoutMs', 1, HOUR, 'milliseconds'],
  ['healthCheck.rise', 1, 1_000, 'an integer'],
  ['healthCheck.fall', 1, 1_000, 'an integer'],
  ['healthCheck.maxPerInterval', 1, 100_000, 'an integer'],
  ['drain.holdMs', 1, DAY, 'milliseconds'],
  ['limits.maxInFlight', 1, 1_000_000, 'an integer'],
  ['limits.maxInFlightPerEndpoint', 1, 1_000_000, 'an integer'],
  ['panicThreshold', 0, 1, 'a ratio'],
  ['subset.size', 1, 10_000, 'an integer'],
  ['transport.connectTimeoutMs', 1, HOUR, 'milliseconds'],
  ['transport.maxConnections', 1, 65_535, 'an integer'],
  ['transport.keepAliveTimeoutMs', 1, HOUR, 'milliseconds'],
];

/** What other options must be, for an option's bound to be reached. */
const PARTNERS: Readonly<Record<string, Record<string, number>>> = {
  'cache.minTtlMs': { maxTtlMs: DAY },
  'cache.maxTtlMs': { minTtlMs: 100 },
  'cache.retryBaseMs': { retryMaxMs: HOUR },
  'cache.retryMaxMs': { retryBaseMs: 1 },
  'ejection.baseEjectionMs': { maxEjectionMs: DAY },
  'ejection.maxEjectionMs': { baseEjectionMs: 1 },
};

function at(path: string, value: unknown): Record<string, unknown> {
  const [key, ...rest] = path.split('.') as [string, ...string[]];
  if (rest.length === 0) return { [key]: value };
  return { [key]: { ...PARTNERS[path], ...at(rest.join('.'), value) } };
}

function create(service: Record<string, unknown>, client: Record<string, unknown> = {}): void {
  const options = { services: { orders: { resolver, ...service } }, ...client } as unknown as ClientOptions;
  void createClient(options).close();
}

function refusal(service: Record<string, unknown>, client: Record<string, unknown> = {}): string {
  try {
    create(service, client);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', name: 'FairleadError' });
    return (error as Error).message;
  }
  return 'accepted';
}

describe.each(BOUNDS)('%s', (path, min, max, what) => {
  const bound = `must be ${what} from ${min} to ${max}`;

  it('takes its bounds', () => {
    expect(refusal(at(path, min))).toBe('accepted');
    expect(refusal(at(path, max))).toBe('accepted');
  });

  it('refuses what is beyond, no number at all, and a number in quotes, with path, bound and value', () => {
    for (const value of [min - 1, max + 1, -0.001, NaN, Infinity, -Infinity])
      expect(refusal(at(path, value))).toBe(`ERR_INVALID_OPTION: services.orders.${path}: ${bound}, got ${value}`);
    expect(refusal(at(path, `${min}`))).toBe(`ERR_INVALID_OPTION: services.orders.${path}: ${bound}, got "${min}"`);
    expect(refusal(at(path, null))).toContain(`services.orders.${path}: ${bound}, got null`);
  });

  it('is checked in the defaults of the client as well', () => {
    expect(refusal({}, { defaults: at(path, max + 1) })).toBe(
      `ERR_INVALID_OPTION: options.defaults.${path}: ${bound}, got ${max + 1}`,
    );
  });
});

describe('options', () => {
  it.each([
    [{ retires: {} }, "services.orders.retires: unknown option; did you mean 'retry'?"],
    [{ timeout: 1 }, "services.orders.timeout: unknown option; did you mean 'timeoutMs'?"],
    [{ retry: { maxAttempt: 1 } }, "services.orders.retry.maxAttempt: unknown option; did you mean 'maxAttempts'?"],
    [
      { retry: { retryOn: ['status', 'resets'] } },
      "services.orders.retry.retryOn[1]: must be one of 'status', 'overload', 'reset', 'timeout', 'protocol', 'connect', got \"resets\"; did you mean 'reset'?",
    ],
    [{ retry: { budget: { rate: 1 } } }, "services.orders.retry.budget.rate: unknown option; did you mean 'ratio'?"],
    [{ cache: { ttl: 1 } }, 'services.orders.cache.ttl: unknown option'],
    [{ ejection: { windowsMs: 1 } }, "services.orders.ejection.windowsMs: unknown option; did you mean 'windowMs'?"],
    [{ limits: { maxInflght: 1 } }, "services.orders.limits.maxInflght: unknown option; did you mean 'maxInFlight'?"],
    [{ transport: { http3: true } }, "services.orders.transport.http3: unknown option; did you mean 'http2'?"],
    [{ tls: { rejectUnauthorized: false } }, 'services.orders.tls.rejectUnauthorized: unknown option'],
    [{ allow: { port: [1] } }, "services.orders.allow.port: unknown option; did you mean 'ports'?"],
    [{ 'a b': 1 }, 'services.orders["a b"]: unknown option'],
  ])('refuse an unknown key: %j', (service, message) => {
    expect(refusal(service)).toContain(`ERR_INVALID_OPTION: ${message}`);
  });

  it.each([
    [{ retry: true }, 'services.orders.retry: must be false or an object, got true'],
    [{ ejection: 5 }, 'services.orders.ejection: must be false or an object, got 5'],
    [{ cache: [] }, 'services.orders.cache: must be an object, got an array'],
    [{ limits: new Map() }, 'services.orders.limits: must be an object, got an instance of Map'],
    [{ retry: { maxAttempts: 2.5 } }, 'services.orders.retry.maxAttempts: must be an integer from 1 to 10, got 2.5'],
    [{ retry: { statuses: 503 } }, 'services.orders.retry.statuses: must be an array, got 503'],
    [{ retry: { statuses: [200] } }, 'services.orders.retry.statuses[0]: must be an integer from 400 to 599, got 200'],
    [{ ejection: { silence: 1 } }, 'services.orders.ejection.silence: must be true or false, got 1'],
    [
      { balancer: 'roundrobin' },
      "services.orders.balancer: must be one of 'adaptive', 'p2c', 'least-request', 'peak-ewma', 'round-robin', 'weighted-round-robin', 'random', 'ring-hash', 'maglev', 'rendezvous', got \"roundrobin\"; did you mean 'round-robin'?",
    ],
    [{ balancer: 7 }, 'services.orders.balancer: must be one of'],
    [{ classify: {} }, 'services.orders.classify: must be a function, got an object'],
    [{ tls: { ca: 7 } }, 'services.orders.tls.ca: must be an array or a PEM text or a buffer, got 7'],
    [{ tls: { key: ['a', 7] } }, 'services.orders.tls.key[1]: must be a PEM text or a buffer'],
    [{ allow: { ports: [0] } }, 'services.orders.allow.ports[0]: must be an integer from 1 to 65535, got 0'],
    [
      { allow: { cidrs: ['10.0.0.0/33'] } },
      'services.orders.allow.cidrs[0]: must be a block of addresses such as \'10.0.0.0/8\', got "10.0.0.0/33"',
    ],
    [{ allow: { loopback: 'no' } }, 'services.orders.allow.loopback: must be true or false, got "no"'],
    [{ resolver: undefined }, 'services.orders.resolver: is required: a resolver'],
    [{ resolver: 'dns:orders' }, 'services.orders.resolver: must be a resolver'],
    [{ resolver: { resolve: () => {} } }, 'services.orders.resolver: must be a resolver'],
    [{ resolver: { kind: 'own' } }, 'services.orders.resolver: must be a resolver'],
    [{ resolver: [] }, 'services.orders.resolver: must name at least one resolver, got []'],
    [{ resolver: [resolver, null] }, 'services.orders.resolver[1]: must be a resolver'],
  ])('refuse a wrong value: %j', (service, message) => {
    expect(refusal(service as Record<string, unknown>)).toContain(`ERR_INVALID_OPTION: ${message}`);
  });

  it.each([
    [{ cache: { minTtlMs: 5_000, maxTtlMs: 4_999 } }, 'cache.minTtlMs: must be at most maxTtlMs (4999), got 5000'],
    [{ cache: { maxTtlMs: 4_000 } }, 'cache.minTtlMs: must be at most maxTtlMs (4000), got 5000'],
    [{ cache: { retryBaseMs: 31_000 } }, 'cache.retryBaseMs: must be at most retryMaxMs (30000), got 31000'],
    [
      { ejection: { maxEjectionMs: 29_999 } },
      'ejection.baseEjectionMs: must be at most maxEjectionMs (29999), got 30000',
    ],
  ])('refuse a pair that contradicts itself: %j', (service, message) => {
    expect(refusal(service)).toBe(`ERR_INVALID_OPTION: services.orders.${message}`);
  });

  it('do not compare the times of an ejection that is off', () => {
    expect(refusal({ ejection: false })).toBe('accepted');
  });

  it.each([
    [{ services: undefined }, 'options.services: is required: a function or an object'],
    [{ services: 7 }, 'options.services: must be a function or an object, got 7'],
    [{ services: { orders: 7 } }, 'services.orders: must be an object, got 7'],
    [
      { services: { orders: { resolver }, Orders: { resolver } } },
      "services.Orders: is the service 'orders' a second time: case does not count",
    ],
    [{ unlisted: 'refuse' }, "options.unlisted: must be one of 'pass-through', 'reject', got \"refuse\""],
    [{ maxServices: 0 }, 'options.maxServices: must be an integer from 1 to 100000, got 0'],
    [{ maxServices: 1.5 }, 'options.maxServices: must be an integer from 1 to 100000, got 1.5'],
    [{ fetch: {} }, 'options.fetch: must be a function, got an object'],
    [{ clock: {} }, 'options.clock: must be a clock'],
    [{ random: { next: 0.5 } }, 'options.random: must be a source of randomness'],
    [{ default: {} }, "options.default: unknown option; did you mean 'defaults'?"],
    [{ defaults: { retires: {} } }, "options.defaults.retires: unknown option; did you mean 'retry'?"],
  ])('of the client are checked: %j', (client, message) => {
    expect(refusal({}, client as Record<string, unknown>)).toContain(`ERR_INVALID_OPTION: ${message}`);
  });

  it.each([[undefined], [null], ['orders'], [[]]])('must be an object, not %j', (options) => {
    expect(() => createClient(options as unknown as ClientOptions)).toThrow(
      'ERR_INVALID_OPTION: options: must be an object',
    );
  });

  it.each(['http://orders', 'orders/v1', 'or ders', 'orders:http', 'orders:', 'a@b', '', '010.0.0.1', 'bücher'])(
    'refuse a key that no URL can match: %j',
    (key) => {
      expect(() => createClient({ services: { [key]: { resolver } } })).toThrow('the key must be a host name');
    },
  );

  it("say how a URL writes a key's name", () => {
    expect(() => createClient({ services: { bücher: { resolver } } })).toThrow("it is written 'xn--bcher-kva'");
  });

  it.each(['orders', 'Orders', 'orders:8080', 'orders:80', 'my_service', 'a.b.c', '[::1]', '[::1]:80', '10.0.0.1'])(
    'accept the key %j',
    async (key) => {
      await createClient({ services: { [key]: { resolver } } }).close();
    },
  );

  it('of ready and close are checked', async () => {
    const client = createClient({ services: { orders: { resolver } } });
    await expect(client.ready(undefined, { timeoutMs: -1 })).rejects.toThrow('ready.timeoutMs: must be milliseconds');
    await expect(client.ready(undefined, { timeout: 1 } as object)).rejects.toThrow("did you mean 'timeoutMs'?");
    await expect(client.ready(undefined, { signal: {} as AbortSignal })).rejects.toThrow('must be an AbortSignal');
    await expect(client.close({ timeoutMs: NaN })).rejects.toThrow('close.timeoutMs: must be milliseconds');
    await client.close({ timeoutMs: 0 });
  });

  it('leave nothing running when the last of several services is wrong', () => {
    const first = createManualResolver(['a:1']);
    const services = { first: { resolver: first }, last: { resolver, timeoutMs: 0 } };
    expect(() => createClient({ services })).toThrow('services.last.timeoutMs');
    expect(first.watchers).toBe(0);
  });

  it('of a service that is made by a function are checked when it is first called', async () => {
    const { client, outcome } = createBench({ client: { services: () => ({ resolver, timeoutMs: 0 }) } });
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error.message).toBe(
      "ERR_INVALID_OPTION: services('orders').timeoutMs: must be milliseconds from 1 to 86400000, got 0",
    );
  });

  it('refuse every name that is none, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        fc.pre(!(key in { resolver, ...optionNames() }) && key !== '__proto__');
        expect(refusal({ [key]: 1 })).toContain('unknown option');
      }),
      { numRuns: 50 },
    );
  });
});

function optionNames(): Record<string, true> {
  return Object.fromEntries(
    ['balancer', 'cache', 'retry', 'ejection', 'limits', 'subset', 'transport', 'tls', 'allow', 'classify']
      .concat(BOUNDS.map(([path]) => path))
      .map((name) => [name, true as const]),
  );
}

describe('options of a call', () => {
  it.each([
    [{ timeoutMs: 0 }, 'fairlead.timeoutMs: must be milliseconds from 1 to 86400000, got 0'],
    [{ timeoutMs: NaN }, 'fairlead.timeoutMs: must be milliseconds from 1 to 86400000, got NaN'],
    [{ idempotent: 'yes' }, 'fairlead.idempotent: must be true or false, got "yes"'],
    [{ retry: true }, 'fairlead.retry: must be false or an object, got true'],
    [{ retry: { budget: {} } }, 'fairlead.retry.budget: unknown option'],
    [
      { retry: { methods: ['get'] } },
      'fairlead.retry.methods[0]: must be a method in upper case such as \'GET\', got "get"',
    ],
    [{ hedge: true }, 'fairlead.hedge: must be false, got true'],
    [{ attemptTimeoutMs: 0 }, 'fairlead.attemptTimeoutMs: must be milliseconds from 1 to 86400000, got 0'],
    [{ hashKey: '' }, 'fairlead.hashKey: must be a non-empty string, got ""'],
    [{ hashkey: 'a' }, "fairlead.hashkey: unknown option; did you mean 'hashKey'?"],
    [7, 'fairlead: must be an object, got 7'],
  ])('are checked: %j', async (fairlead, message) => {
    const { client, wire, outcome } = createBench();
    for (const send of [client.fetch, (url: string, init: object) => client.request(url, init)]) {
      const call = send('http://orders/', { fairlead } as never) as Promise<unknown>;
      expect(errorOf(await outcome(call)).message).toBe(`ERR_INVALID_OPTION: ${message}`);
    }
    expect(wire.sent).toEqual([]);
  });
});

describe("the caller's objects", () => {
  it('may be frozen, all the way down', () => {
    const options: ClientOptions = deepFreeze({
      services: { orders: { resolver, cache: { minTtlMs: 200 }, retry: { statuses: [500], budget: { ratio: 1 } } } },
      defaults: { retry: { statuses: [502] }, allow: { ports: [1] } },
      clock: createFakeClock(),
    });
    expect(() => void createClient(options).close()).not.toThrow();
  });

  it('are not kept: what is done to them afterwards changes nothing', async () => {
    const statuses = [503];
    const retry = { statuses, backoffBaseMs: 0 };
    const orders = { resolver, retry };
    const services: Record<string, ServiceOptions> = { orders };
    const defaults = { allow: { ports: [1] } };
    const { client, wire, outcome } = createBench({ client: { services, defaults } });
    statuses.length = 0;
    Object.assign(retry, { statuses: [] });
    Object.assign(orders, { retry: false, resolver: undefined });
    defaults.allow.ports.length = 0;
    delete services['orders'];
    wire.at(
      'a:1',
      () => new Response(null, { status: 503 }),
      () => new Response('ok'),
    );
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
  });

  it('are not changed', async () => {
    const init = { headers: { accept: 'text/plain' }, fairlead: { idempotent: true } };
    const copy = structuredClone(init);
    const { client, wire, outcome } = createBench();
    await outcome(client.fetch('http://orders/', Object.freeze(init)));
    expect(init).toEqual(copy);
    expect(wire.sent).toHaveLength(1);
  });

  it('may come without a prototype', () => {
    const services = Object.assign(Object.create(null) as Record<string, ServiceOptions>, { orders: { resolver } });
    expect(() => void createClient({ services, fetch: createStubWire().fetch }).close()).not.toThrow();
  });
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && value !== (resolver as unknown)) {
    for (const member of Object.values(value)) if (typeof member === 'object') deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

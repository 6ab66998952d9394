import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { any, boolean, durationMs, func, number, oneOf, string } from '../../src/kit/option-schema.js';
import type { Schema } from '../../src/kit/option-schema.js';
import { arrayOf, object, offOr, partial, record, required, tagged, union } from '../../src/kit/option-structures.js';

interface Retry {
  maxAttempts?: number;
  statuses?: readonly number[];
}

interface Service {
  resolver: object;
  retry?: false | Retry;
  timeoutMs?: number;
  balancer?: 'adaptive' | Balancer | (() => void);
}

type Balancer = { kind: 'ring'; size?: number } | { kind: 'maglev'; table?: number };

const retry = object<Retry>({
  maxAttempts: number({ min: 1, max: 10, integer: true }),
  statuses: arrayOf(number({ min: 100, max: 599, integer: true })),
});

const isResolver = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { resolve?: unknown }).resolve === 'function';

const service = object<Service>({
  resolver: required(any<object>('a resolver', isResolver)),
  retry: offOr(retry),
  timeoutMs: durationMs(1),
  balancer: union(
    oneOf(['adaptive']),
    func<() => void>(),
    tagged<Balancer>('kind', {
      ring: object<{ kind: 'ring'; size?: number }>({ kind: required(oneOf(['ring'])), size: number() }),
      maglev: object<{ kind: 'maglev'; table?: number }>({ kind: required(oneOf(['maglev'])), table: number() }),
    }),
  ),
});

const options = object<{ services: Record<string, Service>; defaults?: Partial<Service> }>({
  services: required(record(service)),
  defaults: partial(service),
});

const resolver = { resolve: () => {} };

function messageOf(value: unknown, schema: Schema<unknown> = options): string {
  try {
    schema.parse(value, '');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe('ERR_INVALID_OPTION');
    return message.replace('ERR_INVALID_OPTION: ', '');
  }
  return 'accepted';
}

const inOrders = (extra: object): unknown => ({ services: { orders: { resolver, ...extra } } });

describe('a schema for options that hold others', () => {
  it.each<[unknown, string]>([
    [
      inOrders({ retry: { maxAttempts: 0 } }),
      'services.orders.retry.maxAttempts: must be an integer from 1 to 10, got 0',
    ],
    [inOrders({ retires: {} }), "services.orders.retires: unknown option; did you mean 'retry'?"],
    [inOrders({ zzz: 1 }), 'services.orders.zzz: unknown option'],
    [inOrders({ zzz: undefined, retry: undefined }), 'accepted'],
    [inOrders({ retry: false }), 'accepted'],
    [inOrders({ retry: true }), 'services.orders.retry: must be false or an object, got true'],
    [inOrders({ retry: null }), 'services.orders.retry: must be false or an object, got null'],
    [inOrders({ retry: [] }), 'services.orders.retry: must be false or an object, got an array'],
    [inOrders({ retry: new Map() }), 'services.orders.retry: must be false or an object, got an instance of Map'],
    [
      inOrders({ retry: { statuses: [502, 99] } }),
      'services.orders.retry.statuses[1]: must be an integer from 100 to 599, got 99',
    ],
    [inOrders({ retry: { statuses: 502 } }), 'services.orders.retry.statuses: must be an array, got 502'],
    [
      inOrders({ balancer: 'adaptiv' }),
      `services.orders.balancer: must be one of 'adaptive', got "adaptiv"; did you mean 'adaptive'?`,
    ],
    [inOrders({ balancer: { kind: 'ring', size: 'x' } }), 'services.orders.balancer.size: must be a number, got "x"'],
    [inOrders({ balancer: { kind: 'ring', table: 3 } }), 'services.orders.balancer.table: unknown option'],
    [
      inOrders({ balancer: { kind: 'rign' } }),
      `services.orders.balancer.kind: must be one of 'ring', 'maglev', got "rign"; did you mean 'ring'?`,
    ],
    [inOrders({ balancer: {} }), `services.orders.balancer.kind: must be one of 'ring', 'maglev', got undefined`],
    [
      inOrders({ balancer: 7 }),
      `services.orders.balancer: must be one of 'adaptive' or a function or an object with kind 'ring', 'maglev', got 7`,
    ],
    [{ services: { orders: {} } }, 'services.orders.resolver: is required: a resolver'],
    [{ services: { orders: { resolver: undefined } } }, 'services.orders.resolver: is required: a resolver'],
    [{ services: { 'orders:8080': { resolver: 1 } } }, 'services["orders:8080"].resolver: must be a resolver, got 1'],
    [{ services: { a: undefined } }, 'accepted'],
    [{}, 'services: is required: an object'],
    [undefined, 'must be an object, got undefined'],
    [{ services: {}, defaults: { timeoutMs: 5 } }, 'accepted'],
    [
      { services: {}, defaults: { timeoutMs: 0 } },
      'defaults.timeoutMs: must be milliseconds from 1 to 2147483647, got 0',
    ],
  ])('case %#', (value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  it('copies what it accepts and shares only opaque values', () => {
    const retryOptions = Object.freeze({ statuses: Object.freeze([502]), maxAttempts: undefined });
    const given = { services: { orders: Object.freeze({ resolver, retry: retryOptions }) } };
    const parsed = options.parse(given, '');
    expect(parsed).toEqual({ services: { orders: { resolver, retry: { statuses: [502] } } } });
    const { orders } = parsed.services;
    expect(orders!.resolver).toBe(resolver);
    expect(orders!.retry).not.toBe(retryOptions);
    expect((orders!.retry as Retry).statuses).not.toBe(retryOptions.statuses);
    expect(Object.keys(orders!.retry as Retry)).toEqual(['statuses']);
  });

  it('reads nothing inherited and lets nothing be inherited', () => {
    const hostile = JSON.parse('{"__proto__": {"timeoutMs": 5}}') as object;
    expect(messageOf({ services: {}, defaults: hostile })).toBe('defaults.__proto__: unknown option');
    expect(messageOf({ services: hostile })).toBe('services.__proto__: unknown option');
    expect(messageOf({ services: {}, defaults: Object.create({ timeoutMs: 5 }) as object })).toBe(
      'defaults: must be an object, got an instance of Object',
    );
    const { services } = options.parse({ services: {} }, '');
    expect(services['constructor']).toBeUndefined();
    expect(services['toString']).toBeUndefined();
    expect(messageOf({}, object<object>({ constructor: boolean() }))).toBe('accepted');
  });

  it('takes objects without a prototype, whatever they hold', () => {
    const bare = Object.assign(Object.create(null) as object, { services: Object.create(null) as object });
    expect(messageOf(bare)).toBe('accepted');
  });

  it('gives back every record of valid members unchanged, and never the same object', () => {
    const key = fc.string().filter((text) => text !== '__proto__');
    const schema = record(string());
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ minLength: 1 })), (given) => {
        const parsed = schema.parse(given, '');
        expect(Object.entries(parsed)).toEqual(Object.entries(given));
        expect(parsed).not.toBe(given);
      }),
    );
  });

  it('either copies or throws an invalid option, whatever it gets', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const before = fc.stringify(value);
        messageOf({ services: { a: value }, defaults: value });
        expect(fc.stringify(value)).toBe(before);
      }),
    );
  });
});

import { inspect } from 'node:util';

import { describe, expect, it, jest } from '@jest/globals';

import type * as Errors from '../../src/core/errors.js';
import {
  callError,
  describeError,
  FairleadError,
  isFairleadError,
  NoEndpointsError,
  type ErrorCode,
} from '../../src/core/errors.js';

const NETWORK: ErrorCode[] = [
  'ERR_UNKNOWN_SERVICE',
  'ERR_RESOLUTION_FAILED',
  'ERR_NO_ENDPOINTS',
  'ERR_ALL_ATTEMPTS_FAILED',
  'ERR_ADDRESS_REFUSED',
];
const TIMEOUTS: ErrorCode[] = ['ERR_CALL_TIMEOUT', 'ERR_ATTEMPT_TIMEOUT'];
const OWN: ErrorCode[] = ['ERR_BREAKER_OPEN', 'ERR_LIMIT_EXCEEDED', 'ERR_INVALID_OPTION', 'ERR_CLIENT_CLOSED'];

/** The same module a second time: as when an application loads the library both as ESM and as CommonJS. */
function secondCopy(): typeof Errors {
  let copy: unknown;
  jest.isolateModules(() => (copy = jest.requireActual('../../src/core/errors.js')));
  return copy as typeof Errors;
}

describe('callError', () => {
  it.each(NETWORK)('%s is the very TypeError that plain fetch rejects with, and branded', (code) => {
    const error = callError(code, 'orders: why');
    expect(error.constructor).toBe(TypeError);
    expect(Object.getPrototypeOf(error)).toBe(TypeError.prototype);
    expect(error.name).toBe('TypeError');
    expect(error.message).toBe(`${code}: orders: why`);
    expect(error.code).toBe(code);
    expect(error instanceof FairleadError).toBe(true);
    expect(error instanceof TypeError).toBe(true);
  });

  it.each(TIMEOUTS)('%s is named as the error of AbortSignal.timeout', (code) => {
    expect(callError(code, 'why')).toMatchObject({ name: 'TimeoutError', code, message: `${code}: why` });
    expect(callError(code, 'why') instanceof TypeError).toBe(false);
  });

  it.each(OWN)('%s is a FairleadError', (code) => {
    const error = callError(code, 'why');
    expect(error).toMatchObject({ name: 'FairleadError', code, message: `${code}: why` });
    expect(error.constructor).toBe(FairleadError);
    expect(error instanceof Error).toBe(true);
  });

  it.each([...NETWORK, ...TIMEOUTS, ...OWN])('%s carries service, attempts and cause', (code) => {
    const cause = new Error('root');
    const attempts = Object.freeze([]);
    const error = callError(code, 'why', { service: 'orders', attempts, cause });
    expect(error).toMatchObject({ service: 'orders', cause });
    expect(error.attempts).toBe(attempts);
  });

  it.each([...NETWORK, ...OWN])('%s has no cause of its own when there is none, and no attempts', (code) => {
    const error = callError(code, 'why');
    expect(Object.hasOwn(error, 'cause')).toBe(false);
    expect(error.service).toBeUndefined();
    expect(error.attempts).toEqual([]);
  });
});

describe('instanceof', () => {
  it('goes by the brand, across copies of the library', () => {
    const copy = secondCopy();
    expect(copy.FairleadError).not.toBe(FairleadError);
    for (const code of [...NETWORK, ...TIMEOUTS, ...OWN]) {
      const theirs = copy.callError(code, 'why');
      expect(theirs instanceof FairleadError).toBe(true);
      expect(isFairleadError(theirs)).toBe(true);
      expect(callError(code, 'why') instanceof copy.FairleadError).toBe(true);
    }
  });

  it('of a subclass goes by its code', () => {
    const copy = secondCopy();
    expect(new NoEndpointsError('none') instanceof NoEndpointsError).toBe(true);
    expect(new NoEndpointsError('none') instanceof copy.NoEndpointsError).toBe(true);
    expect(callError('ERR_NO_ENDPOINTS', 'none') instanceof NoEndpointsError).toBe(true);
    expect(callError('ERR_LIMIT_EXCEEDED', 'full') instanceof NoEndpointsError).toBe(false);
    expect(new NoEndpointsError('none', { service: 'orders' })).toMatchObject({
      code: 'ERR_NO_ENDPOINTS',
      message: 'ERR_NO_ENDPOINTS: none',
      service: 'orders',
    });
  });

  it.each([undefined, null, 'ERR_NO_ENDPOINTS', 7, {}, { code: 'ERR_NO_ENDPOINTS' }, new TypeError('fetch failed')])(
    'is false for %p',
    (value) => {
      expect((value as unknown) instanceof FairleadError).toBe(false);
      expect((value as unknown) instanceof NoEndpointsError).toBe(false);
      expect(isFairleadError(value)).toBe(false);
    },
  );
});

describe('an error in a log', () => {
  it('shows its code, service and attempts, and not the brand', () => {
    const text = inspect(callError('ERR_NO_ENDPOINTS', 'orders: nobody', { service: 'orders' }));
    expect(text).toContain('TypeError: ERR_NO_ENDPOINTS: orders: nobody');
    expect(text).toContain("service: 'orders'");
    expect(text).not.toContain('fairlead.error');
    expect(Object.keys(callError('ERR_NO_ENDPOINTS', 'x'))).toEqual(['code', 'service', 'attempts']);
  });
});

describe('describeError', () => {
  const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

  it.each<[string, unknown, string]>([
    ['a message', new Error('why'), 'why'],
    ['a code and a message', coded('ECONNRESET', 'socket hang up'), 'ECONNRESET: socket hang up'],
    ['a code that the message has', coded('ECONNRESET', 'read ECONNRESET'), 'read ECONNRESET'],
    ['a code that is no string', Object.assign(new Error('why'), { code: 7 }), 'why'],
    [
      'what fetch wraps',
      new TypeError('fetch failed', { cause: coded('ECONNREFUSED', 'connect') }),
      'ECONNREFUSED: connect',
    ],
    [
      'what a broken body wraps',
      new TypeError('terminated', { cause: new Error('other side closed') }),
      'other side closed',
    ],
    ['fetch failed without a cause', new TypeError('fetch failed'), 'fetch failed'],
    ['a cause of another message', new Error('outer', { cause: new Error('inner') }), 'outer'],
    [
      'the first of an aggregate without a message',
      new AggregateError([coded('ECONNREFUSED', 'connect ::1')]),
      'ECONNREFUSED: connect ::1',
    ],
    ['an aggregate that says something', new AggregateError([new Error('one')], 'all failed'), 'all failed'],
    ['an empty aggregate', new AggregateError([]), '[object Error]'],
    ['a string', 'why', 'why'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['an object', { reason: 'secret' }, '[object Object]'],
    ['an object with a message', { message: 'why' }, 'why'],
    ['a message that is none', { message: 7 }, '[object Object]'],
  ])('puts %s into one line', (_, error, words) => {
    expect(describeError(error)).toBe(words);
  });

  it('ends with an error that is its own cause', () => {
    const error = new TypeError('fetch failed');
    error.cause = error;
    expect(describeError(error)).toBe('fetch failed');
  });
});

/** Every field of `init`, with values that are right and values that are not. */

import { inspect } from 'node:util';

import { settle } from '../describe.js';
import type { FetchCase, LooseInit, Stage } from '../fetch-case.js';
import { sent } from './sent.js';

function field(name: string, value: unknown, more: LooseInit = {}): FetchCase {
  return sent(`init: ${name} ${inspect(value)}${'body' in more ? ' with a body' : ''}`, () => ({
    [name]: value,
    ...more,
  }));
}

const methods: FetchCase[] = [
  ...[
    'GET',
    'get',
    'HEAD',
    'head',
    'DELETE',
    'options',
    'PATCH',
    'patch',
    'TRACE',
    'TRACK',
    'CONNECT',
    'FOO',
    'M-SEARCH',
    'QUERY',
  ].map((method) => field('method', method)),
  ...['POST', 'post', 'put', 'PATCH', 'patch', 'DELETE', 'OPTIONS', 'REPORT', 'GET', 'HEAD'].map((method) =>
    field('method', method, { body: 'text' }),
  ),
  ...['', 'a b', 'GET\r\nx: y', null, undefined, 5, {}].map((method) => field('method', method)),
  sent('init: a method with toString', () => ({ method: { toString: () => 'put' }, body: 'text' })),
  sent('init: a method that is a symbol', () => ({ method: Symbol('no method') })),
];

const fields: FetchCase[] = [
  ...['cors', 'no-cors', 'same-origin', 'navigate', 'websocket', 'other'].map((mode) => field('mode', mode)),
  ...['omit', 'same-origin', 'include', 'other'].map((credentials) => field('credentials', credentials)),
  ...['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached', 'other'].map((cache) =>
    field('cache', cache),
  ),
  ...['follow', 'manual', 'error', 'other', null].map((redirect) => field('redirect', redirect)),
  ...['', 'about:client', 'no url', 'http://localhost:1/from'].map((referrer) => field('referrer', referrer)),
  sent('init: a referrer of the same origin', ({ url }) => ({ referrer: url('/from') })),
  ...['', 'no-referrer', 'unsafe-url', 'other'].map((referrerPolicy) =>
    sent(`init: referrerPolicy '${referrerPolicy}'`, ({ url }) => ({ referrerPolicy, referrer: url('/from') })),
  ),
  ...[true, false, 'yes'].map((keepalive) => field('keepalive', keepalive)),
  field('keepalive', true, { method: 'POST', body: 'x'.repeat(70_000) }),
  ...['high', 'low', 'auto', 'other'].map((priority) => field('priority', priority)),
  ...['half', 'full', 'other'].map((duplex) => field('duplex', duplex, { method: 'POST', body: 'text' })),
  ...[null, undefined, {}, 'x'].map((window) => field('window', window)),
  ...[null, undefined, {}, 'x', 5].map((signal) => field('signal', signal)),
  field('unknown', 'x'),
  sent('init: a dispatcher', () => ({
    dispatcher: {
      dispatch() {
        throw new RangeError('the dispatcher of the call');
      },
    },
  })),
];

const text = 'what was meant';
const answer: Partial<FetchCase> = { serve: (_request, response) => response.end(text) };
const SHA256 = 'sha256-Zji9yHg2VPFD2CCLe3AOLCgBCH4z6cLqOxrA+xNXGKE=';

const integrity: FetchCase[] = [
  sent('init: integrity that does not match', () => ({ integrity: SHA256 }), answer),
  sent('init: integrity that matches', () => ({ integrity: 'sha256-XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=' }), {
    serve: (_request, response) => response.end('password'),
  }),
  sent('init: integrity of no known kind', () => ({ integrity: 'md5-abc' }), answer),
  sent('init: integrity that is none', () => ({ integrity: '?' }), answer),
];

/** Dictionaries need not be plain objects. */
const shapes: FetchCase[] = [
  sent(
    'init: inherited fields',
    () => Object.create({ method: 'POST', body: 'text', headers: { 'x-own': '1' } }) as LooseInit,
  ),
  sent(
    'init: fields of a class',
    () =>
      new (class {
        readonly headers = { 'x-own': '1' };
        get method(): string {
          return 'PUT';
        }
        get body(): string {
          return 'text';
        }
      })() as unknown as LooseInit,
  ),
  sent('init: without a prototype', () =>
    Object.assign(Object.create(null) as LooseInit, { method: 'PUT', body: 'text' }),
  ),
  sent('init: frozen', () => Object.freeze({ method: 'PUT', body: 'text' })),
  sent('init: fields that cannot be enumerated', () => Object.defineProperty({}, 'method', { value: 'PUT' })),
  sent(
    'init: a Request',
    ({ url }) =>
      new Request(url('/ignored'), { method: 'PUT', body: 'text', headers: { 'x-own': '1' } }) as unknown as LooseInit,
  ),
  sent('init: a getter that throws', () => ({
    get method(): string {
      throw new RangeError('not today');
    },
  })),
  ...[null, undefined, 5, 'text', true, () => ({}), [], Symbol('no init')].map((init): FetchCase => ({
    name: `init: ${inspect(init)}`,
    run: ({ fetch, url }) => settle(fetch(url(), init)),
  })),
  {
    name: 'init: is neither changed nor asked for more than fetch asks for',
    run: async ({ fetch, url }) => {
      const init = { method: 'POST', body: 'text', headers: { 'x-own': '1' }, signal: new AbortController().signal };
      const keys = Object.keys(init);
      await settle(fetch(url(), init));
      return [keys.join() === Object.keys(init).join(), init.headers, init.method, init.body];
    },
  },
];

const requested = (name: string, init: (stage: Stage) => LooseInit, more?: () => LooseInit): FetchCase => ({
  name: `init: of a Request, ${name}`,
  run: (stage) => {
    const request = new Request(stage.url(), init(stage));
    return settle(more === undefined ? stage.fetch(request) : stage.fetch(request, more()));
  },
});

const requests: FetchCase[] = [
  requested('a referrer', ({ url }) => ({ referrer: url('/from') })),
  requested('no referrer', () => ({ referrer: '' })),
  requested(
    'a referrer and an init',
    ({ url }) => ({ referrer: url('/from') }),
    () => ({ headers: { 'x-own': '1' } }),
  ),
  requested(
    'a referrer and a signal',
    ({ url }) => ({ referrer: url('/from') }),
    () => ({ signal: new AbortController().signal }),
  ),
  requested('a referrer policy', ({ url }) => ({ referrer: url('/from?a'), referrerPolicy: 'origin' })),
  requested('cache', () => ({ cache: 'no-store' })),
  requested('keepalive', () => ({ keepalive: true })),
  requested('redirect', () => ({ redirect: 'error' })),
  requested('mode', () => ({ mode: 'no-cors' })),
  requested('integrity', () => ({ integrity: SHA256 })),
  requested('credentials', () => ({ credentials: 'include', headers: { cookie: 'a=b' } })),
];

export const inits: readonly FetchCase[] = [...methods, ...fields, ...integrity, ...shapes, ...requests];

/** Headers both ways: how they may be given, which ones fetch refuses, and what comes back. */

import { inspect } from 'node:util';

import { attempt, settle } from '../describe.js';
import type { FetchCase } from '../fetch-case.js';
import { sent } from './sent.js';

const given = (name: string, headers: () => unknown): FetchCase =>
  sent(`headers: ${name}`, () => ({ headers: headers() }));

const kinds: FetchCase[] = [
  given('an object', () => ({ 'X-Own': '1', accept: 'text/x', 'x-empty': '' })),
  given('pairs', () => [
    ['x-own', '1'],
    ['X-Own', '2'],
    ['accept', 'text/x'],
  ]),
  given('Headers', () => new Headers({ 'x-own': '1' })),
  given('a Map', () => new Map([['x-own', '1']])),
  given('a generator of pairs', function* () {
    yield ['x-own', '1'];
  }),
  given('arrays, numbers and undefined as values', () => ({
    'x-array': ['a', 'b'],
    'x-number': 5,
    'x-undefined': undefined,
    'x-null': null,
  })),
  given('white space around a value', () => ({ 'x-own': ' \t a b \t ' })),
  given('latin1', () => ({ 'x-own': 'käse ÿ' })),
  ...[null, undefined, 'x: y', 5, [['x-own']], [['x-own', '1', '2']], [5]].map((headers) =>
    given(inspect(headers), () => headers),
  ),
  given('beyond latin1', () => ({ 'x-own': '試' })),
  given('a line break', () => ({ 'x-own': 'a\r\nx-other: b' })),
  given('a NUL', () => ({ 'x-own': 'a\0b' })),
  given('an invalid name', () => ({ 'x own': '1' })),
  given('an empty name', () => ({ '': '1' })),
  given('a symbol', () => ({ [Symbol('x')]: '1' })),
];

/** Of which some are the wire's own. */
const special: FetchCase[] = Object.entries({
  host: 'other.test',
  connection: 'close',
  'keep-alive': 'timeout=5',
  'transfer-encoding': 'chunked',
  te: 'trailers',
  trailer: 'x-sum',
  upgrade: 'websocket',
  expect: '100-continue',
  'content-length': '4',
  date: 'yesterday',
  cookie: 'a=b; c=d',
  cookie2: '1',
  origin: 'http://other.test',
  referer: 'http://other.test/',
  'accept-encoding': 'identity',
  'accept-language': 'de',
  'user-agent': 'suite/1',
  'sec-fetch-mode': 'navigate',
  'sec-own': '1',
  'proxy-authorization': 'Basic x',
  'proxy-connection': 'keep-alive',
  authorization: 'Bearer x',
  via: '1.1 x',
  range: 'bytes=0-1',
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  'if-none-match': '"x"',
  'set-cookie': 'a=b',
  'content-encoding': 'gzip',
  __proto__: 'x',
}).flatMap(([name, value]) => [
  given(`${name} on a GET`, () => [[name, value]]),
  sent(`headers: ${name} on a POST`, () => ({ method: 'POST', body: 'text', headers: [[name, value]] })),
]);

const answered = (name: string, headers: [string, string][], raw = ''): FetchCase => ({
  name: `headers: answered with ${name}`,
  speak: (socket) =>
    void socket.once('data', () => {
      const lines = headers.map(([key, value]) => `${key}: ${value}\r\n`).join('');
      socket.end(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}${raw}content-length: 2\r\n\r\nok`, 'latin1'));
    }),
  run: ({ fetch, url }) => settle(fetch(url())),
});

const answers: FetchCase[] = [
  answered('cookies', [
    ['Set-Cookie', 'a=1; Path=/'],
    ['set-cookie', 'b=2; HttpOnly, c'],
    ['SET-COOKIE', 'd'],
  ]),
  answered('one name many times', [
    ['X-Own', '1'],
    ['x-own', '2'],
    ['X-OWN', ''],
  ]),
  answered('latin1', [['x-own', 'käse ÿ']]),
  answered('white space', [['x-own', '  a  b  ']]),
  answered('names of objects', [
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['toString', 'z'],
  ]),
  answered('an invalid name', [['x own', '1']]),
  answered('a folded line', [], 'x-own: a\r\n  b\r\n'),
  answered('a location, but no redirect', [['location', '/elsewhere']]),
  answered('two lengths', [['content-length', '3']]),
  answered(
    'very many',
    Array.from({ length: 1_000 }, (_, index): [string, string] => [`x-${index}`, 'v']),
  ),
  answered('too many bytes', [['x-own', 'v'.repeat(20_000)]]),
  {
    name: 'headers: of a response cannot be changed',
    run: async ({ fetch, url }) => {
      const { headers } = await fetch(url());
      return Promise.all([
        attempt(() => headers.set('x-own', '1')),
        attempt(() => headers.delete('x-method')),
        attempt(() => headers.get('X-METHOD')),
        attempt(() => headers.has('x own')),
      ]);
    },
  },
];

export const headers: readonly FetchCase[] = [...kinds, ...special, ...answers];

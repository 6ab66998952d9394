/** What may be asked for: every kind of input, and every URL that fetch refuses. */

import { attempt, describeError, settle } from '../describe.js';
import type { FetchCase, Stage } from '../fetch-case.js';

/** An input, whatever it is. */
function asked(name: string, input: (stage: Stage) => unknown, init?: () => unknown): FetchCase {
  return {
    name: `input: ${name}`,
    run: async (stage) => {
      const given = input(stage);
      return settle(init === undefined ? stage.fetch(given) : stage.fetch(given, init()));
    },
  };
}

class OwnRequest extends Request {}

const kinds: FetchCase[] = [
  asked('a string', ({ url }) => url('/a?b=c#d')),
  asked('a URL', ({ url }) => new URL(url('/a?b=c#d'))),
  asked('a Request', ({ url }) => new Request(url('/a#b'), { headers: { 'x-own': '1' } })),
  asked('a Request with a body', ({ url }) => new Request(url(), { method: 'PUT', body: 'text' })),
  asked('a Request of a class of its own', ({ url }) => new OwnRequest(url('/own'))),
  asked('a cloned Request', ({ url }) => new Request(url(), { method: 'POST', body: 'text' }).clone()),
  asked(
    'a Request and an init that changes it',
    ({ url }) => new Request(url(), { method: 'POST', body: 'text', headers: { 'x-one': '1' } }),
    () => ({ method: 'PUT', body: 'other', headers: { 'x-two': '2' } }),
  ),
  asked(
    'a Request and an empty init',
    ({ url }) => new Request(url(), { method: 'POST', body: 'text' }),
    () => ({}),
  ),
  asked(
    'a Request and an init of undefined values',
    ({ url }) => new Request(url(), { method: 'POST', body: 'x' }),
    () => ({
      method: undefined,
      headers: undefined,
      body: undefined,
      signal: undefined,
    }),
  ),
  asked('an object with toString', ({ url }) => ({ toString: () => url('/object') })),

  asked('a String object', ({ url }) => new String(url('/boxed'))),
  asked('an array with one string', ({ url }) => [url('/array')]),
  asked('a look-alike of a Request', ({ url }) => ({ url: url(), method: 'POST', headers: {} })),
  asked('undefined', () => undefined),
  asked('null', () => null),
  asked('a number', () => 5),
  asked('a symbol', () => Symbol('no input')),
  asked('an object', () => ({})),
  asked('an object whose toString throws', () => ({
    toString() {
      throw new RangeError('not today');
    },
  })),
  { name: 'input: the function itself', run: async ({ fetch }) => ({ name: fetch.name, length: fetch.length }) },
  { name: 'input: none at all', run: ({ fetch }) => settle(fetch()) },
];

const spellings: FetchCase[] = [
  asked('upper case scheme and host', ({ origin }) => origin.replace('http://localhost', 'HTTP://LOCALHOST')),
  asked('white space around', ({ url }) => ` \t${url('/a')}\n `),
  asked('a line break inside', ({ url }) => url('/a\nb')),
  asked('letters beyond ASCII', ({ url }) => url('/käse/試?q=ü#ß')),
  asked('escapes', ({ url }) => url('/a%2fb/%C3%A4?%20=%zz')),
  asked('dots', ({ url }) => url('/a/../b/./c/..')),
  asked('backslashes', ({ origin }) => `${origin.replaceAll('/', '\\')}\\a\\b`),
  asked('no path', ({ origin }) => origin),
  asked('an empty query', ({ url }) => url('/?')),
  asked('a query without a path', ({ origin }) => `${origin}?a`),
  asked('special characters', ({ url }) => url('/a"b<c>d`e{f}g|h^i[j]?k"l<m>n\'o#p')),
  asked('an empty user name', ({ origin }) => origin.replace('//', '//@')),
];

const refused: FetchCase[] = [
  asked('credentials in the URL', ({ origin }) => origin.replace('//', '//user:secret@')),
  asked('a user name in the URL', ({ origin }) => origin.replace('//', '//user@')),
  asked('an empty string', () => ''),
  asked('no URL', () => 'not a url'),
  asked('a relative URL', () => '/relative'),
  asked('no host', () => 'http://'),
  asked('a space in the host', () => 'http://a b/'),
  asked('a port out of range', () => 'http://localhost:99999/'),
  asked('a blocked port', () => 'http://localhost:6666/'),
  asked('ftp', () => 'ftp://localhost/a'),
  asked('file', () => 'file:///etc/hostname'),
  asked('ws', ({ origin }) => origin.replace('http', 'ws')),
  asked('an unknown scheme', () => 'fairlead://localhost/a'),
  asked('about:blank', () => 'about:blank'),
  asked('javascript', () => 'javascript:alert(1)'),
];

const local: FetchCase[] = [
  asked('a data URL', () => 'data:text/plain;charset=utf-8,hello%20there'),
  asked('a data URL in base64', () => 'data:application/octet-stream;base64,AAEC'),
  asked('a data URL that is none', () => 'data:no comma'),
  asked(
    'a data URL asked for by HEAD',
    () => 'data:,x',
    () => ({ method: 'HEAD' }),
  ),
  asked('a blob URL', () => URL.createObjectURL(new Blob(['blob text'], { type: 'text/x-blob' }))),
  asked(
    'a blob URL with POST',
    () => URL.createObjectURL(new Blob(['x'])),
    () => ({ method: 'POST', body: 'y' }),
  ),
  asked('a blob URL that was revoked', () => {
    const url = URL.createObjectURL(new Blob(['x']));
    URL.revokeObjectURL(url);
    return url;
  }),
];

const used: FetchCase[] = [
  {
    name: 'input: the same Request twice',
    run: async ({ fetch, url }) => {
      const request = new Request(url(), { method: 'POST', body: 'text' });
      const first = await settle(fetch(request));
      const { bodyUsed } = request;
      return { first, bodyUsed, second: await settle(fetch(request)) };
    },
  },
  {
    name: 'input: the same Request without a body twice',
    run: async ({ fetch, url }) => {
      const request = new Request(url());
      return [await settle(fetch(request)), request.bodyUsed, await settle(fetch(request))];
    },
  },
  {
    name: 'input: a Request whose body was read',
    run: async ({ fetch, url }) => {
      const request = new Request(url(), { method: 'POST', body: 'text' });
      await request.text();
      return settle(fetch(request));
    },
  },
  {
    name: 'input: what is changed after the call changes nothing',
    run: async ({ fetch, url }) => {
      const target = new URL(url('/before'));
      const headers = new Headers({ 'x-when': 'before' });
      const body = new URLSearchParams({ when: 'before' });
      const init = { method: 'POST', headers, body };
      const call = fetch(target, init);
      target.pathname = '/after';
      headers.set('x-when', 'after');
      body.set('when', 'after');
      init.method = 'PUT';
      return settle(call);
    },
  },
  {
    name: 'input: mistakes reject, they are not thrown',
    run: async ({ fetch }) => {
      try {
        const result = fetch('http://');
        const isPromise = typeof result.then === 'function';
        return [isPromise, await attempt(() => result)];
      } catch (error) {
        return { thrown: describeError(error) };
      }
    },
  },
];

export const inputs: readonly FetchCase[] = [...kinds, ...spellings, ...refused, ...local, ...used];

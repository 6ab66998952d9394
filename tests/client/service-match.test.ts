import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { logicalOrigin, originPrefix, plainPath } from '../../src/client/service-match.js';

describe('logicalOrigin', () => {
  it.each([
    ['http://orders/v1', 'http://orders', 'orders', ['orders:80', 'orders']],
    ['https://orders/v1', 'https://orders', 'orders', ['orders:443', 'orders']],
    ['http://orders:8080', 'http://orders:8080', 'orders:8080', ['orders:8080', 'orders']],
    ['http://orders:80/', 'http://orders', 'orders', ['orders:80', 'orders']],
    ['https://orders:443/', 'https://orders', 'orders', ['orders:443', 'orders']],
    ['https://orders:80/', 'https://orders:80', 'orders:80', ['orders:80', 'orders']],
    ['HTTP://OrDeRs/V1', 'http://orders', 'orders', ['orders:80', 'orders']],
    ['http://user:secret@orders/x', 'http://orders', 'orders', ['orders:80', 'orders']],
    ['http://[::1]:8080/x', 'http://[::1]:8080', '[::1]:8080', ['[::1]:8080', '[::1]']],
    ['http://[0:0::1]/x', 'http://[::1]', '[::1]', ['[::1]:80', '[::1]']],
    ['http:///orders/x', 'http://orders', 'orders', ['orders:80', 'orders']],
  ])('reads %s', (url, origin, host, keys) => {
    expect(logicalOrigin(url)).toEqual({ origin, host, keys });
  });

  it.each([
    'ftp://orders/',
    'data:text/plain,x',
    'blob:http://orders/1',
    'orders',
    '/v1',
    '',
    'http://',
    'http://a:99999/',
  ])('knows no http host in %j', (url) => {
    expect(logicalOrigin(url)).toBeUndefined();
  });
});

describe('originPrefix', () => {
  it.each([
    ['http://orders', 'http://orders'],
    ['http://orders/v1/items?q#f', 'http://orders'],
    ['https://orders:8443?q', 'https://orders:8443'],
    ['http://orders#f', 'http://orders'],
    ['http://[::1]:80/x', 'http://[::1]:80'],
    ['http://Orders_v2.prod-eu/x', 'http://Orders_v2.prod-eu'],
  ])('takes scheme and authority of %s as they are written', (url, prefix) => {
    expect(originPrefix(url)).toBe(prefix);
  });

  it.each([
    'http://user@orders/x',
    'http://orders\\x',
    'http://ord%65rs/',
    'http://bücher/',
    'http://ord\ters/',
    ' http://orders/',
    'HTTP://orders/',
    'http:orders',
    'http:///orders',
    'ws://orders/',
    '/relative',
    '',
  ])('leaves %j to the parser', (url) => {
    expect(originPrefix(url)).toBeUndefined();
  });

  /** Characters that mean something in an authority, and some that should not be there. */
  const piece = fc.constantFrom(
    ...['a', 'Z', '9', '0x7f', '.', '-', '_', '~', ':', ':80', ':443', ':8080', '@', '[', ']', '[::1]', '%', '%41'],
    ...[
      '/',
      '//',
      '\\',
      '?',
      '#',
      ' ',
      '\t',
      '\n',
      'ü',
      '\u212a',
      '…',
      ';',
      '=',
      '&',
      '!',
      '*',
      '"',
      '<',
      '^',
      '|',
      '\0',
    ],
  );
  const scheme = fc.constantFrom(
    'http://',
    'https://',
    'http:/',
    'http:',
    'HTTP://',
    'hTTps://',
    'ftp://',
    ' http://',
    '',
  );
  const url = fc
    .tuple(scheme, fc.array(piece, { maxLength: 8 }), fc.constantFrom('', '/', '/x', '?q=@', '#@x', '/\\@x', '/../@'))
    .map(([start, middle, end]) => start + middle.join('') + end);

  it('never makes a URL mean another host than the parser finds in the whole of it', () => {
    fc.assert(
      fc.property(url, (text) => {
        const prefix = originPrefix(text);
        if (prefix !== undefined) expect(logicalOrigin(prefix)).toEqual(logicalOrigin(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('agrees with the parser on any URL that a caller may write', () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (text) => {
        expect(logicalOrigin(originPrefix(text) ?? text)?.origin).toBe(new URL(text).origin);
      }),
    );
  });
});

describe('plainPath', () => {
  it.each([
    ['http://orders', '/'],
    ['http://orders/', '/'],
    ['http://orders/v1/items?page=2&sort=-price', '/v1/items?page=2&sort=-price'],
    ['http://orders:8080/a//b', '/a//b'],
    ['http://orders/v1.2/x.json', '/v1.2/x.json'],
  ])('reads %s', (url, path) => {
    expect(plainPath(url, (originPrefix(url) as string).length)).toBe(path);
  });

  it.each([
    'http://orders?x=/y',
    'http://orders/a/../b',
    'http://orders/./a',
    'http://orders/a b',
    "http://orders/?a='",
  ])('leaves %s to the parser', (url) => {
    expect(plainPath(url, (originPrefix(url) as string).length)).toBeUndefined();
  });

  it('never disagrees with the parser', () => {
    const piece = fc.constantFrom(
      ...'/?#&=.%2e\\ \'"<>[]{}|^`@:;,+~!$*()-_azAZ09é\t\n'.split(''),
      '..',
      '/../',
      '/./',
      '//',
    );
    const authority = fc.constantFrom('orders', 'orders:80', '[::1]:8080', 'a.b-c_d');
    fc.assert(
      fc.property(authority, fc.array(piece, { maxLength: 12 }), (host, pieces) => {
        const url = `http://${host}${pieces.join('')}`;
        const origin = originPrefix(url);
        const path = origin === undefined ? undefined : plainPath(url, origin.length);
        if (path === undefined || !URL.canParse(url)) return;
        const { pathname, search } = new URL(url);
        expect(path).toBe(pathname + search);
      }),
      { numRuns: 2_000 },
    );
  });
});

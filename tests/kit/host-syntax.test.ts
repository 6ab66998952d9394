import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { canonicalHost, isValidHost, parseHostPort } from '../../src/kit/host-syntax.js';

const label63 = 'a'.repeat(63);

describe('a host', () => {
  it.each<[string, string]>([
    ['orders', 'orders'],
    ['Orders.Internal', 'orders.internal'],
    ['orders.svc.cluster.local.', 'orders.svc.cluster.local'],
    ['_http._tcp.orders', '_http._tcp.orders'],
    ['my_container', 'my_container'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['3com.com', '3com.com'],
    ['1.2.3.com', '1.2.3.com'],
    ['a-b', 'a-b'],
    [label63, label63],
    [`${`${label63}.`.repeat(3)}${'a'.repeat(61)}`, `${`${label63}.`.repeat(3)}${'a'.repeat(61)}`],
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
  ])('%j reads as %j', (text, host) => {
    expect(canonicalHost(text)).toBe(host);
  });

  it.each([
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a..',
    '-a',
    'a-',
    'a.-b',
    `${label63}a`,
    `${`${label63}.`.repeat(3)}${'a'.repeat(62)}`,
    'bücher.example',
    'orders.\u212a',
    'a b',
    ' a',
    'a\n',
    'a\r\nHost: evil',
    'a\0',
    'a/b',
    'a?b',
    'a#b',
    'a@b',
    'a:80',
    'a%20b',
    'a\\b',
    '127.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '010.0.0.1',
    '2130706433',
    '0x7f000001',
    '127.0.0.0x1',
    '10.0.0.1.',
    '[::1]',
    'fe80::1%eth0',
    '::1::',
    ':',
  ])('is not %j', (text) => {
    expect(isValidHost(text)).toBe(false);
  });

  it('reads the same after it was made canonical, and is what a URL makes of it', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom('a', 'B', '-', '_', '.', '1', ':') }),
    );
    fc.assert(
      fc.property(host, (text) => {
        const canonical = canonicalHost(text);
        if (canonical === undefined) return;
        expect(canonicalHost(canonical)).toBe(canonical);
        const inUrl = canonical.includes(':') ? `[${canonical}]` : canonical;
        // A label that only pretends to be punycode is for the URL parser to refuse.
        fc.pre(!canonical.includes('xn--'));
        expect(new URL(`http://${inUrl}/`).hostname).toBe(inUrl);
      }),
    );
  });
});

describe('host:port', () => {
  it.each<[string, string, number | undefined]>([
    ['orders', 'orders', undefined],
    ['orders:8080', 'orders', 8080],
    ['ORDERS.:1', 'orders', 1],
    ['10.0.0.1:65535', '10.0.0.1', 65_535],
    ['[::1]', '::1', undefined],
    ['[::1]:443', '::1', 443],
    ['[0:0::1]:443', '::1', 443],
  ])('%j is %j and %p', (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port });
  });

  it.each([
    '',
    ':80',
    'orders:',
    'orders:0',
    'orders:65536',
    'orders:99999',
    'orders:080',
    'orders:+80',
    'orders:8e1',
    'orders:80:80',
    'orders: 80',
    'orders:80 ',
    'orders:80\n',
    'orders:80/path',
    'user@orders:80',
    'user:secret@orders:80',
    'http://orders:80',
    '::1',
    '::1:80',
    '[::1',
    '[::1]80',
    '[::1]:',
    '[[::1]]:80',
    '[orders]:80',
    '[10.0.0.1]:80',
    '[fe80::1%eth0]:80',
    '[]:80',
  ])('is not %j', (text) => {
    expect(parseHostPort(text)).toBeUndefined();
  });

  it('reads back every host and port that it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        expect(parseHostPort(text)).toEqual({ host: canonicalHost(host), port });
        expect(canonicalHost(host)).toBeDefined();
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseHostPort(text)));
  });
});

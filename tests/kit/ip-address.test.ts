import { isIPv4 } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isIpLiteral, isIpv4, parseIp } from '../../src/kit/ip-address.js';

describe('IP addresses', () => {
  it.each([
    ['1.2.3.4', true],
    ['::1', true],
    ['[::1]', true],
    ['fe80::1%eth0', true],
    ['localhost', false],
    ['127.1', false],
    ['0x7f.0.0.1', false],
    ['2130706433', false],
    ['010.0.0.1', false],
    ['1.2.3.256', false],
    ['', false],
    ['[::1', false],
    ['1::2::3', false],
  ])('%j is an address: %p', (text, yes) => {
    expect(isIpLiteral(text)).toBe(yes);
    expect(parseIp(text) !== undefined).toBe(yes);
  });

  it.each<[string, 'ipv4' | 'ipv6', string]>([
    ['0.0.0.0', 'ipv4', '0.0.0.0'],
    ['255.255.255.255', 'ipv4', '255.255.255.255'],
    ['::ffff:169.254.169.254', 'ipv4', '169.254.169.254'],
    ['::ffff:a9fe:a9fe', 'ipv4', '169.254.169.254'],
    ['::FFFF:A9FE:A9FE', 'ipv4', '169.254.169.254'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 'ipv4', '169.254.169.254'],
    ['0000:0000:0000:0000:0000:ffff:169.254.169.254', 'ipv4', '169.254.169.254'],
    ['[::ffff:a9fe:a9fe%1]', 'ipv4', '169.254.169.254'],
    ['::ffff:0.0.0.0', 'ipv4', '0.0.0.0'],
    ['::', 'ipv6', '::'],
    ['::1', 'ipv6', '::1'],
    ['0:0::0:1', 'ipv6', '::1'],
    ['1::', 'ipv6', '1::'],
    ['1:2:3:4:5:6:7:8', 'ipv6', '1:2:3:4:5:6:7:8'],
    ['FE80::0001%eth0', 'ipv6', 'fe80::1'],
    // Look like the mapped ones, and are not.
    ['::ffff:0:a9fe:a9fe', 'ipv6', '::ffff:0:a9fe:a9fe'],
    ['::fffe:a9fe:a9fe', 'ipv6', '::fffe:a9fe:a9fe'],
    ['1::ffff:a9fe:a9fe', 'ipv6', '1::ffff:a9fe:a9fe'],
  ])('%s is the %s address %s', (text, family, expected) => {
    expect(parseIp(text)).toEqual({ family, text: expected });
  });

  it('is the same in every spelling', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), fc.nat(7), (groups, zeroFrom) => {
        const zeroed = groups.map((group, index) => (index === zeroFrom || index === zeroFrom + 1 ? 0 : group));
        const plain = zeroed.map((group) => group.toString(16)).join(':');
        const padded = zeroed.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');
        // The URL parser's own arithmetic.
        const short = new URL(`http://[${plain}]`).hostname;
        expect(parseIp(padded)).toEqual(parseIp(plain));
        expect(parseIp(short)).toEqual(parseIp(plain));
      }),
    );
  });

  it('is the IPv4 address in every mapped spelling, and in no other', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(0xffff), (address, group) => {
        const [a, b, c, d] = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
        const tail = `${a}${b}:${c}${d}`;
        for (const text of [address, `::ffff:${address}`, `::ffff:${tail}`, `0:0:0:0:0:ffff:${tail}`]) {
          expect(parseIp(text)).toEqual({ family: 'ipv4', text: address });
        }
        fc.pre(group !== 0xffff);
        expect(parseIp(`::${group.toString(16)}:${tail}`)?.family).toBe('ipv6');
      }),
    );
  });

  it('agrees with the platform on what is an IPv4 address', () => {
    const part = fc.oneof(
      fc.integer({ min: 0, max: 300 }).map(String),
      fc.constantFrom('', '00', '01', '0x1', ' 1', '1e1', '\u0661'),
    );
    const almost = fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(almost, fc.ipV4(), fc.string()), (text) => {
        expect(isIpv4(text)).toBe(isIPv4(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

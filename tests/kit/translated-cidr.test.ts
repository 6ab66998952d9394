import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { addressSet, parseCidr } from '../../src/kit/cidr.js';
import { parseIp } from '../../src/kit/ip-address.js';
import { translatedCidrs } from '../../src/kit/translated-cidr.js';

const standsFor = (block: string, address: string): boolean =>
  addressSet(translatedCidrs(parseCidr(block)!)).has(parseIp(address)!);

const hex = (address: string): string[] =>
  address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));

describe('IPv6 blocks that stand for an IPv4 block', () => {
  it.each([
    ['169.254.0.0/16', '64:ff9b::169.254.169.254', true],
    ['169.254.0.0/16', '64:ff9b::a9fe:a9fe', true],
    ['169.254.0.0/16', '64:ff9b::a9ff:1', false],
    ['169.254.169.254', '64:ff9b::a9fe:a9fe', true],
    ['169.254.169.254', '64:ff9b::a9fe:a9ff', false],
    ['169.254.0.0/16', '64:ff9b:1::a9fe:a9fe', true],
    // RFC 6052 §2.2, a prefix of 48 bits: 16 bits, a zero octet, 16 bits.
    ['169.254.169.254', '64:ff9b:1:a9fe:a9:fe00::', true],
    ['169.254.169.254', '64:ff9b:1:a9fe:a9:ff00::', false],
    ['169.254.0.0/16', '64:ff9b:1:a9fe:12:3400::', true],
    ['169.254.0.0/16', '::169.254.1.1', true],
    ['169.254.0.0/16', '::ffff:0:169.254.1.1', true],
    ['169.254.169.254', '2002:a9fe:a9fe:1::5', true],
    ['169.254.169.254', '2002:a9fe:a9ff::', false],
    ['224.0.0.0/4', '2002:ef00:1::', true],
    ['224.0.0.0/4', '2002:df00:1::', false],
    ['169.254.0.0/16', '2001:db8::a9fe:a9fe', false],
  ])('%s and %s: %p', (block, address, yes) => {
    expect(standsFor(block, address)).toBe(yes);
  });

  it('hold an address in every form when the block holds it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), fc.boolean(), (prefix, length, other, near) => {
        const address = near ? [...prefix.split('.').slice(0, 2), ...other.split('.').slice(2)].join('.') : other;
        const block = `${prefix}/${length}`;
        const held = addressSet([parseCidr(block)!]).has(parseIp(address)!);
        const [a, b, c, d] = hex(address);
        for (const form of [`::ffff:0:${address}`, `64:ff9b::${address}`, `2002:${a}${b}:${c}${d}::1`])
          expect([form, standsFor(block, form)]).toEqual([form, held]);
        // Two forms share this prefix, so an address may be held as the other one.
        for (const form of [`64:ff9b:1::${address}`, `64:ff9b:1:${a}${b}:00${c}:${d}00::`])
          if (held) expect([form, standsFor(block, form)]).toEqual([form, true]);
      }),
    );
  });
});

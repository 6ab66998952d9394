import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { addressSet, covers, parseCidr } from '../../src/kit/cidr.js';
import { parseIp } from '../../src/kit/ip-address.js';

const within = (block: string, address: string): boolean => addressSet([parseCidr(block)!]).has(parseIp(address)!);

describe('a block of addresses', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/8', '10.200.0.1', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.2', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '10.0.0.1', false],
    ['FD00::/8', 'fdff::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
  ])('%s holds %s: %p', (block, address, yes) => {
    expect(within(block, address)).toBe(yes);
  });

  it.each(['', '/', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0/8', '::/129', '::ffff:0:0/95'])(
    '%j is none',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  it.each(['orders/8', '10.0.0.0/8 ', ' 10.0.0.0/8', '10.0.0.0/0x8', '[::1]/128', 'fe80::1%eth0/64', '10.0.0.0/8\n'])(
    '%j is none, either',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  it.each([
    ['169.254.0.0/16', '169.254.169.254', true],
    ['169.254.0.0/16', '169.254.0.0/16', true],
    ['169.254.0.0/16', '169.254.1.0/24', true],
    ['169.254.0.0/16', '169.0.0.0/8', false],
    ['169.254.0.0/16', '0.0.0.0/0', false],
    ['169.254.0.0/16', '10.0.0.0/24', false],
    ['::/0', '10.0.0.0/24', false],
  ])('%s covers %s: %p', (outer, inner, yes) => {
    expect(covers(parseCidr(outer)!, parseCidr(inner)!)).toBe(yes);
  });

  it('covers what is narrower at the same place, and nothing else', () => {
    const address = fc.oneof(
      fc.record({ text: fc.ipV4(), width: fc.constant(32) }),
      fc.record({ text: fc.ipV6(), width: fc.constant(128) }),
    );
    fc.assert(
      fc.property(address, fc.nat(128), fc.nat(128), ({ text, width }, one, other) => {
        const [shorter, longer] = [Math.min(one, other) % (width + 1), Math.max(one, other) % (width + 1)];
        const [outer, inner] = [parseCidr(`${text}/${shorter}`), parseCidr(`${text}/${longer}`)];
        // A mapped block has less than 96 bits to choose from.
        fc.pre(outer !== undefined && inner !== undefined);
        expect(covers(outer, inner)).toBe(shorter <= longer);
        expect(covers(inner, outer)).toBe(longer <= shorter);
      }),
    );
  });

  it('holds the addresses whose first bits are its own', () => {
    const bits = (text: string): string =>
      text
        .split('.')
        .map((octet) => Number(octet).toString(2).padStart(8, '0'))
        .join('');
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), (prefix, length, other) => {
        expect(within(`${prefix}/${length}`, prefix)).toBe(true);
        const same = bits(prefix).slice(0, length) === bits(other).slice(0, length);
        expect(within(`${prefix}/${length}`, other)).toBe(same);
        expect(within(`::ffff:${prefix}/${96 + length}`, `::ffff:${other}`)).toBe(same);
      }),
    );
  });

  it('is one of several in a set', () => {
    const set = addressSet(['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8'].map((text) => parseCidr(text)!));
    const held = ['10.1.1.1', '192.168.9.9', '192.169.0.1', 'fd12::1', 'fe00::1'].map((text) =>
      set.has(parseIp(text)!),
    );
    expect(held).toEqual([true, true, false, true, false]);
    expect(addressSet([]).has(parseIp('10.0.0.1')!)).toBe(false);
  });
});

import { BlockList } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { contains, covers, parseCidr } from '../../src/kit/cidr.js';
import { parseIp } from '../../src/kit/ip-address.js';

const within = (block: string, address: string): boolean => contains(parseCidr(block)!, parseIp(address)!);

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

  it("agrees with the platform's BlockList", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), (prefix, length, other) => {
        const list = new BlockList();
        list.addSubnet(prefix, length);
        expect(within(`${prefix}/${length}`, prefix)).toBe(true);
        expect(within(`${prefix}/${length}`, other)).toBe(list.check(other));
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), fc.nat(128), fc.ipV6(), (prefix, length, other) => {
        // IPv4 in IPv6 is where the two differ on purpose.
        fc.pre([prefix, other].every((text) => parseIp(text)!.family === 6));
        const list = new BlockList();
        list.addSubnet(prefix, length, 'ipv6');
        expect(within(`${prefix}/${length}`, other)).toBe(list.check(other, 'ipv6'));
      }),
    );
  });
});

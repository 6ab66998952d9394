import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isIpLiteral, parseIp, translatedIpv4 } from '../../src/kit/ip-address.js';

const v4 = (text: string): bigint => parseIp(text)!.bits;

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

  it.each<[string, 4 | 6, bigint]>([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffff_ffffn],
    ['169.254.169.254', 4, 0xa9fe_a9fen],
    ['::ffff:169.254.169.254', 4, 0xa9fe_a9fen],
    ['::ffff:a9fe:a9fe', 4, 0xa9fe_a9fen],
    ['::FFFF:A9FE:A9FE', 4, 0xa9fe_a9fen],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 4, 0xa9fe_a9fen],
    ['0000:0000:0000:0000:0000:ffff:169.254.169.254', 4, 0xa9fe_a9fen],
    ['[::ffff:a9fe:a9fe%1]', 4, 0xa9fe_a9fen],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['1:2:3:4:5:6:7:8', 6, 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ['fe80::1%eth0', 6, (0xfe80n << 112n) | 1n],
  ])('%s is IPv%d number %p', (text, family, bits) => {
    expect(parseIp(text)).toEqual({ family, bits });
  });

  it.each<[string, string | undefined]>([
    ['64:ff9b::169.254.169.254', '169.254.169.254'],
    ['64:ff9b::a9fe:a9fe', '169.254.169.254'],
    ['::169.254.169.254', '169.254.169.254'],
    ['::ffff:0:169.254.169.254', '169.254.169.254'],
    ['2002:a9fe:a9fe::', '169.254.169.254'],
    ['2002:a9fe:a9fe:1::5', '169.254.169.254'],
    ['::1', undefined],
    ['::', undefined],
    ['2001:db8::a9fe:a9fe', undefined],
    ['169.254.169.254', undefined],
    ['::ffff:169.254.169.254', undefined],
  ])('%s is translated to %p', (text, translated) => {
    expect(translatedIpv4(parseIp(text)!)?.bits).toBe(translated === undefined ? undefined : v4(translated));
  });

  it('has the same number in every spelling', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), fc.nat(7), (groups, zeroFrom) => {
        const zeroed = groups.map((group, index) => (index === zeroFrom || index === zeroFrom + 1 ? 0 : group));
        const expected = zeroed.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
        const mapped = expected >> 32n === 0xffffn;
        const plain = zeroed.map((group) => group.toString(16));
        const padded = zeroed.map((group) => group.toString(16).padStart(4, '0').toUpperCase());
        const short = new URL(`http://[${plain.join(':')}]`).hostname;
        for (const text of [plain.join(':'), padded.join(':'), short]) {
          expect(parseIp(text)!.bits).toBe(mapped ? expected & 0xffff_ffffn : expected);
        }
      }),
    );
  });
});

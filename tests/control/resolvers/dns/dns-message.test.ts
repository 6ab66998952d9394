import { isIP } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';

import {
  answersQuestion,
  encodeQuestion,
  readMessage,
  type DnsRecord,
} from '../../../../src/control/resolvers/dns/dns-message.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { a, aaaa, cname, encodeReply, ns, soa, srv } from './scripted-servers.js';

const NAME = '_http._tcp.orders.test';
const question = (id = 0x1234, name = NAME): Buffer => encodeQuestion({ type: 'SRV', name }, id, true);
const asked = { type: 'SRV', name: NAME, id: 0x1234 };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('a question', () => {
  it('is the packet of RFC 1035 and RFC 6891, byte by byte', () => {
    expect(encodeQuestion({ type: 'A', name: 'a.test' }, 0xbeef, true)).toEqual(
      hex('beef 0100 0001 0000 0000 0001  0161 0474657374 00 0001 0001  00 0029 04d0 00000000 0000'),
    );
    expect(encodeQuestion({ type: 'A', name: 'a.test' }, 0xbeef, false)).toHaveLength(24);
  });
});

describe('a message', () => {
  it('is read with its aliases, services and additional addresses; other records are passed over', () => {
    const bytes = encodeReply(asked, {
      answers: [
        cname(NAME, 'real.test', 9),
        { type: 'TXT', name: NAME, data: 'x', ttl: 1 },
        srv('Real.Test', 1, 2, 80, 'A.test', 5),
      ],
      authorities: [soa('test')],
      additionals: [a('a.test', '10.0.0.1', 4), aaaa('a.test', 'fd00::1', 3)],
    });
    expect(readMessage(bytes)).toEqual({
      rcode: 0,
      truncated: false,
      hasSoa: true,
      isReferral: false,
      answers: [
        { type: 'CNAME', name: NAME, target: 'real.test', ttlSeconds: 9 },
        { type: 'SRV', name: 'real.test', priority: 1, weight: 2, port: 80, target: 'a.test', ttlSeconds: 5 },
      ],
      additionals: [
        { type: 'A', name: 'a.test', address: '10.0.0.1', ttlSeconds: 4 },
        { type: 'AAAA', name: 'a.test', address: 'fd00::1', ttlSeconds: 3 },
      ],
    });
  });

  it('tells a referral from "no such records"', () => {
    const read = (reply: Parameters<typeof encodeReply>[1]) => readMessage(encodeReply(asked, reply)).isReferral;
    expect(read({ authorities: [ns('test', 'ns.elsewhere')] })).toBe(true);
    expect(read({ authorities: [ns('test', 'ns.elsewhere'), soa('test')] })).toBe(false);
    expect(read({ authorities: [ns('test', 'ns.elsewhere')], authoritative: true })).toBe(false);
    expect(read({})).toBe(false);
  });

  it('takes a time to live with the highest bit set for zero', () => {
    const bytes = encodeReply(asked, { answers: [a(NAME, '10.0.0.1', 0xffff_ffff)] });
    expect(readMessage(bytes).answers).toMatchObject([{ ttlSeconds: 0 }]);
  });

  it('adds the upper bits of the response code that EDNS carries', () => {
    const options = { type: 'OPT' as const, name: '.', udpPayloadSize: 1232, extendedRcode: 1, ednsVersion: 0, flags: 0, flag_do: false, options: [] }; // prettier-ignore
    expect(readMessage(encodeReply(asked, { additionals: [options] })).rcode).toBe(16);
  });

  it.each<[string, string]>([
    ['shorter than a header', '1234 8180 0001'],
    ['a name is cut off', '1234 8180 0001 0000 0000 0000 0561'],
    ['a name points forward', '1234 8180 0001 0000 0000 0000 c00c 0001 0001'],
    ['a name has a label of an unknown kind', '1234 8180 0001 0000 0000 0000 41 00'],
    ['a record is cut off', '1234 8180 0000 0001 0000 0000 00 0001 0001'],
    ['the data of a record is cut off', '1234 8180 0000 0001 0000 0000 00 0001 0001 00000001 0004 0a00'],
    ['an address of 3 bytes', '1234 8180 0000 0001 0000 0000 00 0001 0001 00000001 0003 0a0000'],
    ['the data of a record is too short', '1234 8180 0000 0001 0000 0000 00 0021 0001 00000001 0006 000000000050'],
    ['the data of a record has a wrong length', '1234 8180 0000 0001 0000 0000 00 0005 0001 00000001 0002 0000'],
    ['65535 records, more than 4096', '1234 8180 0000 ffff 0000 0000'],
  ])('is refused when malformed: %s', (reason, bytes) => {
    expect(() => readMessage(hex(bytes))).toThrow(reason);
  });

  it('is refused for a chain of pointers that is there to burn time', () => {
    // Each pointer points to the one before it; the record's name to the last.
    const pointers = Array.from({ length: 40 }, (_, i) => Buffer.from([0xc0, 23 + (i - 1) * 2]));
    const header = hex('1234 8180 0000 0002 0000 0000 00 ffff 0001 00000000 0052');
    const data = Buffer.concat([Buffer.from([0x00, 0x00]), ...pointers]);
    const record = Buffer.concat([Buffer.from([0xc0, 23 + 39 * 2]), hex('0001 0001 00000000 0004 0a000001')]);
    expect(() => readMessage(Buffer.concat([header, data, record]))).toThrow('a name has too many pointers');
  });
});

describe('whether a message answers a question', () => {
  const answers = (reply: Parameters<typeof encodeReply>[1], edit: (bytes: Buffer) => void = () => {}): boolean => {
    const bytes = encodeReply(asked, reply);
    edit(bytes);
    return answersQuestion(bytes, question());
  };

  it('goes by the id, the question and the response bit', () => {
    expect(answers({})).toBe(true);
    expect(answers({ forged: { id: 0x1235 } })).toBe(false);
    expect(answers({ forged: { name: '_http._tcp.order.test' } })).toBe(false);
    expect(answers({ forged: { type: 'A' } })).toBe(false);
    expect(answers({}, (bytes) => bytes.writeUInt8(0x01, 2))).toBe(false);
    // An answer to another kind of request (opcode 5, UPDATE).
    expect(answers({}, (bytes) => bytes.writeUInt8(0xa8, 2))).toBe(false);
    expect(answers({}, (bytes) => bytes.writeUInt16BE(2, 4))).toBe(false);
    expect(answersQuestion(hex('1234'), question())).toBe(false);
  });

  it('does not go by the case of letters, which servers may change', () => {
    expect(answers({ forged: { name: NAME.toUpperCase() } })).toBe(true);
  });

  it('lets a bare failure leave the question out, and nothing else', () => {
    expect(answersQuestion(hex('1234 8181 0000 0000 0000 0000'), question())).toBe(true);
    expect(answersQuestion(hex('1234 8180 0000 0000 0000 0000'), question())).toBe(false);
    expect(answersQuestion(hex('1234 8181 0000 0001 0000 0000'), question())).toBe(false);
  });
});

describe('fuzz', () => {
  const packet = question();
  const isSound = (record: DnsRecord): boolean =>
    record.ttlSeconds >= 0 && (record.type === 'A' || record.type === 'AAAA' ? isIP(record.address) !== 0 : true);
  const samples = [
    encodeReply(asked, {
      answers: [srv(NAME, 1, 2, 80, 'a.test'), cname('b.test', 'a.test')],
      additionals: [a('a.test', '10.0.0.1'), aaaa('a.test', 'fd00::1')],
    }),
    encodeReply(asked, { rcode: 3, authorities: [soa('test'), ns('test', 'ns.test')] }),
    encodeReply(asked, { answers: Array.from({ length: 20 }, (_, i) => a(NAME, `10.0.0.${i}`)) }),
    hex(
      '1234 8180 0001 0002 0000 0000 0161 0474657374 00 0001 0001 c00c 0005 0001 0000003c 0004 0162 c00e c024 0001 0001 0000003c 0004 0a000001',
    ),
  ];

  it('100 000 damaged packets are read or refused, quickly', () => {
    const random = createSeededRandom(3);
    const below = (n: number): number => Math.floor(random.next() * n);
    const refusal = /^(shorter|a name|a record|the data|an address|\d+ records)/;
    let read = 0;
    // Counted by hand: a million expectations would take minutes.
    const wrong: unknown[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < 100_000; i++) {
      let bytes = Buffer.from(samples[i % samples.length] as Buffer);
      for (let damage = below(6); damage >= 0; damage--) bytes[below(bytes.length)] = below(256);
      if (below(4) === 0) bytes = bytes.subarray(0, below(bytes.length));
      if (below(8) === 0) bytes = Buffer.concat([bytes, bytes.subarray(below(bytes.length))]);
      answersQuestion(bytes, packet);
      try {
        const { answers, additionals } = readMessage(bytes);
        read++;
        wrong.push(...[...answers, ...additionals].filter((record) => !isSound(record)));
      } catch (error) {
        if (!refusal.test((error as Error).message)) wrong.push(error);
      }
    }
    expect(wrong).toEqual([]);
    expect(read).toBeGreaterThan(1_000);
    // A few seconds on an idle machine; a packet that burns time would take for ever.
    expect(performance.now() - startedAt).toBeLessThan(100_000);
  }, 120_000);

  it('no bytes whatever take it down', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const message = Buffer.from(bytes);
        answersQuestion(message, question());
        try {
          readMessage(message);
        } catch (error) {
          expect(error).toHaveProperty('message');
        }
      }),
    );
  });

  it('what the encoder of the package writes is read back', () => {
    const label = fc.stringMatching(/^[a-z0-9_]{1,20}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
    const uint16 = fc.nat(65_535);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, uint16, uint16, uint16, name, fc.nat(0x7fff_ffff))), (records) => {
        const answers = records.map((record) => srv(...record));
        const bytes = dnsPacket.encode({ type: 'response', id: 1, questions: [{ type: 'SRV', name: NAME }], answers });
        expect(readMessage(bytes).answers).toEqual(
          records.map(([owner, priority, weight, port, target, ttlSeconds]) => ({
            type: 'SRV', name: owner, priority, weight, port, target, ttlSeconds,
          })), // prettier-ignore
        );
      }),
    );
  });
});

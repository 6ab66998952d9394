import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  decodeSavedList,
  encodeSavedList,
  type DecodedFile,
  type ListOwner,
  type SavedList,
} from '../../../src/control/discovery/saved-list-format.js';
import { readAnswer } from '../../../src/control/discovery/read-answer.js';

const OWNER: ListOwner = { service: 'orders', resolver: 'registry', source: 'http://registry/orders' };
const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;

function saved(count: number): SavedList {
  const inputs = Array.from({ length: count }, (_, i) => ({
    host: `10.0.${i >> 8}.${i & 255}`,
    port: 8_080,
    weight: i % 3,
    zone: `z${i % 2}`,
    metadata: { version: `"${i}"\n` },
  }));
  return { endpoints: readAnswer({ endpoints: inputs }).endpoints, confirmedAtMs: NOW_MS };
}

const encode = (list: SavedList, owner = OWNER): string => [...encodeSavedList(list, owner)].join('');
const decode = (text: string, { owner = OWNER, nowMs = NOW_MS } = {}): DecodedFile =>
  decodeSavedList(text, owner, nowMs, DAY_MS);

describe('the file of endpoints', () => {
  it('reads as it was written', () => {
    for (const count of [0, 1, 199, 200, 201, 1_000]) expect(decode(encode(saved(count)))).toEqual(saved(count));
  });

  it('is written in pieces that leave the event loop free in between', () => {
    const chunks = [...encodeSavedList(saved(10_000), OWNER)];
    expect(chunks).toHaveLength(52);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(50_000);
  });

  it('says nothing about where the registry is', () => {
    expect(encode(saved(1))).not.toContain('http://registry');
  });

  it.each([
    ['another service', { ...OWNER, service: 'stock' }],
    ['another kind of resolver', { ...OWNER, resolver: 'dns' }],
    ['another registry', { ...OWNER, source: 'http://staging/orders' }],
    ['a resolver that does not say which', { ...OWNER, source: undefined }],
  ])('of %s is foreign', (_, owner) => {
    expect(decode(encode(saved(3)), { owner })).toMatchObject({ ignored: 'foreign' });
  });

  it.each(['', '{}', 'null', '[]\n', '{"endpoints":["10.0.0.1:80"]}', '\0'.repeat(100)])(
    'that is none, such as %j, is foreign',
    (text) => expect(decode(text)).toMatchObject({ ignored: 'foreign' }),
  );

  it('of a later version is foreign, even with a right checksum', () => {
    const [header = ''] = encode(saved(0)).split(/(?<=\n)/);
    const later = header.replace('"version":1', '"version":2');
    const sha256 = createHash('sha256').update(later).digest('hex');
    expect(decode(`${later}${JSON.stringify({ sha256 })}\n`)).toEqual({
      ignored: 'foreign',
      detail: 'it is of another version',
    });
  });

  it('is too old after its time, and when it comes from the future', () => {
    const text = encode(saved(3));
    expect(decode(text, { nowMs: NOW_MS + DAY_MS })).toHaveProperty('endpoints');
    expect(decode(text, { nowMs: NOW_MS + DAY_MS + 1 })).toMatchObject({ ignored: 'too-old' });
    expect(decode(text, { nowMs: NOW_MS - 60_000 })).toHaveProperty('endpoints');
    expect(decode(text, { nowMs: NOW_MS - 3_600_000 })).toMatchObject({
      ignored: 'too-old',
      detail: 'it says that it is from the future',
    });
  });

  it('is never believed when it was cut off, edited or mixed up, wherever', () => {
    const [text, other] = [encode(saved(20)), encode(saved(19))];
    const damage = fc.oneof(
      fc.nat({ max: text.length - 1 }).map((at) => text.slice(0, at)),
      fc
        .tuple(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }))
        .map(([at, char]) => text.slice(0, at) + char + text.slice(at + 1)),
      fc.nat({ max: other.length - 1 }).map((at) => text.slice(0, at) + other.slice(at)),
      fc.string({ minLength: 1 }).map((more) => text + more),
    );
    fc.assert(
      fc.property(damage, (damaged) => {
        fc.pre(damaged !== text && damaged !== other);
        expect(decode(damaged)).toHaveProperty('ignored');
      }),
      { numRuns: 500 },
    );
  });

  it('cannot bring in what no answer could: its endpoints are checked anew', () => {
    const forged = [
      { host: '10.0.0.1', port: 80, path: '/etc', hostname: 'ok' },
      { host: 'a b', port: 80 },
    ] as never;
    const decoded = decode(encode({ endpoints: forged, confirmedAtMs: NOW_MS })) as SavedList;
    expect(decoded.endpoints).toHaveLength(1);
    expect(decoded.endpoints[0]).toMatchObject({ id: 'http://10.0.0.1:80', hostname: 'ok' });
    expect(decoded.endpoints[0]).not.toHaveProperty('path');
    const nothing = [{ host: 'a b' }] as never;
    expect(decode(encode({ endpoints: nothing, confirmedAtMs: NOW_MS }))).toMatchObject({ ignored: 'corrupted' });
  });
});

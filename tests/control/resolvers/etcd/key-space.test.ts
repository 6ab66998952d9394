import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { EtcdEvent, EtcdPair, RangeReply } from '../../../../src/control/resolvers/etcd/etcd-messages.js';
import { createKeySpace, MAX_KEYS, type KeySpace } from '../../../../src/control/resolvers/etcd/key-space.js';
import { parseValue } from '../../../../src/control/resolvers/etcd/parse-value.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const pair = (key: string, value: string, modRevision = 1n): EtcdPair => ({
  key: base64(key),
  value: base64(value),
  modRevision,
});
const put = (...args: Parameters<typeof pair>): EtcdEvent => ({ kind: 'put', ...pair(...args) });
const remove = (key: string): EtcdEvent => ({ kind: 'delete', key: base64(key) });
const reply = (...pairs: EtcdPair[]): RangeReply => ({ clusterId: '7', revision: 9n, pairs, count: pairs.length });
const at = (revision: bigint) => ({ clusterId: '7', revision });

const setUp = (maxBytes = 1_000_000): KeySpace => createKeySpace(parseValue, maxBytes);
const ids = (keys: KeySpace): string[] => keys.content().endpoints.map(({ id }) => id);

describe('createKeySpace', () => {
  it('holds what the list says and what events change, and where in history that is', () => {
    const keys = setUp();
    expect(keys.position).toBeUndefined();
    keys.replace(reply(pair('a', '10.0.0.1:80'), pair('b', '10.0.0.2:80')));
    expect(keys.position).toEqual(at(9n));
    keys.apply([put('c', '10.0.0.3:80'), remove('a'), put('b', '10.0.0.4:80'), remove('unknown')], at(12n));
    expect(ids(keys).sort()).toEqual(['http://10.0.0.3:80', 'http://10.0.0.4:80']);
    expect([keys.size, keys.position]).toEqual([2, at(12n)]);
    keys.replace(reply());
    expect([keys.size, ids(keys)]).toEqual([0, []]);
  });

  it('says which key it could not read, and keeps the others', () => {
    const keys = setUp();
    keys.replace(reply(pair('/s/a', '10.0.0.1:80'), pair('/s/b', '{'), pair('/s/c', '["10.0.0.2:80","x y"]')));
    const { endpoints, refused } = keys.content();
    expect(endpoints).toHaveLength(2);
    expect(refused.map(({ input }) => input)).toEqual(['"/s/b"', '"/s/c"']);
    keys.apply([put('/s/b', '10.0.0.3:80'), remove('/s/c')], at(10n));
    expect(keys.content()).toMatchObject({ endpoints: { length: 2 }, refused: [] });
  });

  it('takes an endpoint that two keys name from the one that was written last', () => {
    const keys = setUp();
    const value = (weight: number): string => JSON.stringify({ host: '10.0.0.1', port: 80, weight });
    keys.replace(reply(pair('z', value(1), 5n), pair('a', value(2), 8n)));
    expect(keys.content()).toMatchObject({ endpoints: [{ weight: 2 }], refused: [] });
    keys.apply([put('z', value(3), 11n)], at(11n));
    expect(keys.content()).toMatchObject({ endpoints: [{ weight: 3 }] });
    keys.apply([remove('z')], at(12n));
    expect(keys.content()).toMatchObject({ endpoints: [{ weight: 2 }] });
  });

  it('lets a parser pass over keys, and read their names', () => {
    const keys = createKeySpace((value, key) => (key.endsWith('/lock') ? undefined : `${value}:80`), 1_000);
    keys.replace(reply(pair('a/lock', 'x y'), pair('a/1', '10.0.0.1')));
    expect(keys.content()).toMatchObject({ endpoints: [{ port: 80 }], refused: [] });
  });

  it('is bounded in number and in bytes, whether they come at once or one by one', () => {
    const many = Array.from({ length: MAX_KEYS + 1 }, (_, i) => pair(String(i), 'h:1'));
    expect(() => setUp().replace(reply(...many))).toThrow(`more than ${MAX_KEYS} keys`);
    const keys = setUp(40);
    keys.replace(reply(pair('a', '10.0.0.1:80')));
    for (let i = 0; i < 100; i++) keys.apply([put('a', '10.0.0.1:80')], at(10n));
    expect(() => keys.apply([put('b', '10.0.0.1:80')], at(11n))).not.toThrow();
    expect(() => keys.apply([put('c', '10.0.0.1:80')], at(12n))).toThrow('larger than 40 bytes');
  });

  it('is after any events what a list would say then', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const event = fc.oneof(
      fc.tuple(key, fc.integer({ min: 1, max: 9 })).map(([name, n]) => ({ name, value: `10.0.0.${n}:80` })),
      key.map((name) => ({ name, value: undefined })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const [followed, listed] = [setUp(), setUp()];
        const truth = new Map<string, EtcdPair>();
        followed.replace(reply());
        events.forEach(({ name, value }, index) => {
          const revision = BigInt(10 + index);
          if (value === undefined) truth.delete(name);
          else truth.set(name, pair(name, value, revision));
          followed.apply([value === undefined ? remove(name) : put(name, value, revision)], at(revision));
        });
        listed.replace(reply(...truth.values()));
        expect(ids(followed).sort()).toEqual(ids(listed).sort());
        expect(followed.size).toBe(truth.size);
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';

import { readAnswer } from '../../../../src/control/discovery/read-answer.js';
import { isStaleToken, readFailure } from '../../../../src/control/resolvers/etcd/etcd-failure.js';
import { dataLoss, readRangeReply, readWatchMessage } from '../../../../src/control/resolvers/etcd/etcd-messages.js';
import { createKeySpace } from '../../../../src/control/resolvers/etcd/key-space.js';
import { parseValue } from '../../../../src/control/resolvers/etcd/parse-value.js';
import { createJsonFrames } from '../../../../src/kit/json-frames.js';
import { parseJson } from '../../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { mutate } from '../../../support/mutate.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const header = {
  cluster_id: '12155467382376493222',
  member_id: '905',
  revision: '9223372036854775807',
  raft_term: '2',
};
const kv = { key: base64('/s/1'), create_revision: '2', mod_revision: '5', version: '2', value: base64('10.0.0.1:80') };

describe('an answer to a range', () => {
  it('has 64-bit integers as strings, exactly, and leaves out what is zero', () => {
    expect(readRangeReply({ header, kvs: [kv], count: '1' })).toEqual({
      clusterId: '12155467382376493222',
      revision: 9_223_372_036_854_775_807n,
      pairs: [{ key: kv.key, value: kv.value, modRevision: 5n }],
      count: 1,
    });
    expect(readRangeReply({ header })).toMatchObject({ pairs: [], count: 0 });
    expect(readRangeReply({ header, kvs: [{ key: kv.key }] }).pairs).toEqual([
      { key: kv.key, value: '', modRevision: 0n },
    ]);
  });

  it.each([null, [], {}, { header: 1 }, { header, kvs: {} }, { header, kvs: [5] }, { header, count: '-1' }])(
    'is none: %j',
    (body) => {
      expect(() => readRangeReply(body)).toThrow(Error);
    },
  );
});

describe('a message of a watch', () => {
  it('tells of puts, which have no type, and deletions', () => {
    const events = [{ kv }, { type: 'DELETE', kv: { key: kv.key, mod_revision: '6' } }];
    expect(readWatchMessage({ result: { header, events } })).toMatchObject({
      kind: 'changes',
      created: false,
      isFragment: false,
      events: [
        { kind: 'put', key: kv.key, value: kv.value },
        { kind: 'delete', key: kv.key },
      ],
    });
  });

  it('says that the watch stands, that it lives, or that there is more', () => {
    expect(readWatchMessage({ result: { header, created: true } })).toMatchObject({ created: true, events: [] });
    expect(readWatchMessage({ result: { header, watch_id: '-1' } })).toMatchObject({ created: false, events: [] });
    expect(readWatchMessage({ result: { header, fragment: true } })).toMatchObject({ isFragment: true });
  });

  it('says that what was asked for is compacted', () => {
    const result = { header, canceled: true, compact_revision: '11' };
    expect(readWatchMessage({ result })).toEqual({ kind: 'compacted' });
  });

  it.each<[string, unknown, RegExp]>([
    ['it is refused', { result: { header, canceled: true, cancel_reason: 'rpc error:\n no' } }, /^rpc error: no$/],
    ['etcd ends it', { result: { header, canceled: true } }, /^etcd ended the watch$/],
    ['etcd 3.4 stops', { error: { grpc_code: 14, message: 'transport is closing' } }, /^transport is closing$/],
    ['etcd 3.5 stops', { error: { code: 14, message: 'error reading from server: EOF' } }, /EOF$/],
    ['it is none', { result: { header, events: [{ type: 'MOVE', kv }] } }, /not what etcd sends to a watch/],
    ['it is another', { rows: [] }, /not what etcd sends to a watch/],
  ])('throws when %s', (_name, message, says) => {
    expect(() => readWatchMessage(message)).toThrow(says);
  });
});

describe('what etcd says when it refuses', () => {
  it('is read from each of its forms, and cut', () => {
    expect(readFailure({ error: 'x', message: 'no', code: 7 })).toMatchObject({ message: 'no', grpcCode: 7 });
    expect(readFailure({ code: 7, message: 'no' })).toMatchObject({ message: 'no', grpcCode: 7 });
    expect(readFailure({ error: { grpc_code: 14, message: 'no' } })).toMatchObject({ grpcCode: 14 });
    expect(readFailure({ error: {} })?.message).toBe('it failed');
    expect(readFailure({ message: 'x'.repeat(5_000) })?.message).toHaveLength(200);
    expect(readFailure('text')).toBeUndefined();
  });

  it.each([
    [{ message: 'etcdserver: invalid auth token', code: 16 }, true],
    [{ message: 'etcdserver: revision of auth store is old', code: 3 }, true],
    [{ message: 'etcdserver: user name is empty', code: 3 }, true],
    [{ message: 'etcdserver: permission denied', code: 7 }, false],
    [{ message: 'etcdserver: authentication failed, invalid user ID or password', code: 3 }, false],
  ])('is about the token or not: %j', (body, isStale) => {
    expect(isStaleToken(readFailure(body))).toBe(isStale);
  });
});

describe('a history', () => {
  const known = { clusterId: '7', revision: 100n };
  it('goes on, or is another', () => {
    expect(dataLoss(undefined, known)).toBeUndefined();
    expect(dataLoss(known, known)).toBeUndefined();
    expect(dataLoss(known, { clusterId: '7', revision: 10_000n })).toBeUndefined();
    expect(dataLoss(known, { clusterId: '7', revision: 99n })).toMatch(/revision 99 and was at 100/);
    expect(dataLoss(known, { clusterId: '8', revision: 200n })).toMatch(/another cluster/);
  });
});

const MUTANTS = 20_000;

/** What the code throws when it means to; everything else is a slip of it, such as reading of undefined. */
const MEANT = /nested deeper|not what etcd sends|is no base64|has no header|an integer in the answer|larger than/;

describe('what etcd sends, tampered with', () => {
  const values = [
    '10.0.0.1:80',
    JSON.stringify({ host: '10.0.0.2', port: 80, weight: 2, zone: 'a', metadata: { v: '7' } }),
    JSON.stringify({ Op: 0, Addr: '10.0.0.3:80', Metadata: { weight: 3 } }),
  ];
  const kvs = (texts: readonly string[]) =>
    texts.map((text, i) => ({ ...kv, key: base64(`/s/${i}`), value: base64(text) }));
  const stream = [
    { result: { header, created: true } },
    { result: { header, events: kvs(values).map((each) => ({ kv: each })) } },
    { result: { header, events: [{ type: 'DELETE', kv: { key: base64('/s/0') } }] } },
    { result: { header, canceled: true, compact_revision: '11' } },
    { error: { grpc_code: 14, message: 'transport is closing' } },
  ]
    .map((message) => JSON.stringify(message))
    .join('\n');

  /** Runs what may throw only what is meant. Whether it did not. */
  function survives(text: string, run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      const { name, message } = error as Error;
      if (name === 'SyntaxError' || name === 'EtcdFailure' || MEANT.test(message)) return false;
      throw new Error(`${name}: ${message}\n${text}`);
    }
  }
  function checkContent(keys: ReturnType<typeof createKeySpace>): void {
    for (const { host, port = 1, weight } of readAnswer({ endpoints: keys.content().endpoints }).endpoints) {
      const isFine = /^[\w.:-]{1,253}$/.test(host) && port >= 1 && port <= 65_535 && weight >= 0;
      if (!isFine) throw new Error(`an endpoint that is none: ${host} ${port} ${weight}`);
    }
  }

  it(`is read or refused, ${MUTANTS} times over, in values`, () => {
    const random = createSeededRandom(20_261_123);
    let read = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const texts = values.map((value) => mutate(value, random));
      const keys = createKeySpace(parseValue, 1_000_000);
      keys.replace(readRangeReply({ header, kvs: kvs(texts), count: '3' }));
      if (survives(texts.join('\n'), () => checkContent(keys))) read++;
    }
    expect(read).toBeGreaterThan(MUTANTS / 20);
  });

  it(`is read or refused, ${MUTANTS} times over, in lists and streams`, () => {
    const random = createSeededRandom(20_261_124);
    const list = JSON.stringify({ header, kvs: kvs(values), count: '3' });
    let lists = 0;
    let messages = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const keys = createKeySpace(parseValue, 100_000);
      const text = mutate(list, random);
      if (survives(text, () => keys.replace(readRangeReply(parseJson(text))))) lists++;
      const flow = mutate(stream, random);
      survives(flow, () => {
        for (const frame of createJsonFrames(100_000).push(Buffer.from(flow))) {
          const message = readWatchMessage(parseJson(frame));
          messages++;
          if (message.kind === 'changes') keys.apply(message.events, message);
        }
      });
      if (keys.size >= 10) throw new Error(`more keys than were sent: ${keys.size}\n${flow}`);
      survives(flow, () => checkContent(keys));
    }
    expect(lists).toBeGreaterThan(MUTANTS / 20);
    expect(messages).toBeGreaterThan(MUTANTS / 10);
  });
});

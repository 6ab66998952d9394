import { describe, expect, it } from '@jest/globals';

import { connectFailure, createBench, names, status, timeout } from './ejection-bench.js';

/** When a rule has evidence and ejection still holds, and where it needs little. */
describe('outlier ejection', () => {
  describe('mass failure', () => {
    it('ejects nobody while more than half of those with results are failing', () => {
      const bench = createBench(names(10));
      for (const id of names(4)) bench.succeed(id);
      // All six at the same pace, so that none is a row of five before the others are on their way.
      for (let round = 0; round < 20; round++) for (const id of names(10).slice(4)) bench.settle(id, connectFailure);
      expect(bench.log).toEqual([]);
    });

    it('takes five of ten for outliers, being half and not more', () => {
      const bench = createBench(names(10));
      for (const id of names(5)) bench.succeed(id);
      for (let round = 0; round < 5; round++) for (const id of names(10).slice(5)) bench.settle(id, connectFailure);
      expect(bench.ejection.ejectedCount).toBe(5);
    });

    it('ejects one of two: half is not more than half', () => {
      const bench = createBench(['a', 'b']);
      bench.succeed('b');
      bench.breakDown('a');
      expect(bench.kinds()).toBe('a:ejected b:healthy');
    });

    it('ejects neither of two that fail together', () => {
      const bench = createBench(['a', 'b']);
      for (let n = 0; n < 50; n++) {
        bench.settle('a', connectFailure);
        bench.settle('b', connectFailure);
      }
      expect(bench.log).toEqual([]);
    });

    it('ejects the one that still fails when the others are well again', () => {
      const bench = createBench(names(4));
      for (let round = 0; round < 5; round++) for (const id of names(4)) bench.settle(id, status(503));
      expect(bench.log).toEqual([]);
      for (const id of names(3)) bench.succeed(id, 10);
      bench.settle('e3', status(503));
      expect(bench.log[0]).toBe('eject e3 consecutive-failures 30000 1');
    });

    it('ends a sentence in time, and a probe that fails in it makes no longer one', () => {
      const bench = createBench(names(4));
      bench.breakDown('e0');
      bench.clock.advance(30_000);
      for (let round = 0; round < 5; round++) for (const id of names(4).slice(1)) bench.settle(id, status(503));
      expect(bench.ejection.takeProbe('e0')).toBe(true);
      bench.settle('e0', status(503), { probe: true });
      expect(bench.log.at(-2)).toBe('eject e0 probe-failed 30000 1');
    });
  });

  describe('silence', () => {
    it('ejects after one attempt that waited in vain while the others gave ten answers', () => {
      const { clock, log, settle, succeed } = createBench(['a', 'b', 'c']);
      const startedAtMs = clock.now();
      clock.advance(5_000);
      succeed('b', 5);
      succeed('c', 5);
      clock.advance(5_000);
      settle('a', timeout, { startedAtMs });
      expect(log).toEqual(['eject a silence 30000 1', 'change']);
    });

    it.each([
      ['nine answers of the others', 9, undefined, {}],
      ['an answer of its own', 20, 'record', {}],
      ['an answer of its own whose body still runs', 20, 'heard', {}],
      ['being switched off', 20, undefined, { silence: false }],
    ])('does not with %s', (_, answers, own, settings) => {
      const { ejection, clock, log, settle, succeed } = createBench(['a', 'b', 'c'], settings);
      const startedAtMs = clock.now();
      clock.advance(5_000);
      succeed('b', answers);
      if (own === 'record') settle('a', status(500));
      if (own === 'heard') ejection.heard('a');
      clock.advance(5_000);
      settle('a', timeout, { startedAtMs });
      expect(log).toEqual([]);
    });

    it('does not count what the others answered before', () => {
      const { clock, log, settle, succeed } = createBench(['a', 'b']);
      succeed('b', 50);
      const startedAtMs = clock.now();
      clock.advance(10_000);
      settle('a', timeout, { startedAtMs });
      expect(log).toEqual([]);
    });

    it('ejects nobody when all are silent', () => {
      const { clock, log, settle } = createBench(names(5));
      for (let round = 0; round < 4; round++) {
        const startedAtMs = clock.now();
        clock.advance(10_000);
        for (const id of names(5)) settle(id, timeout, { startedAtMs });
      }
      expect(log).toEqual([]);
    });
  });

  it('holds timeouts that fired late against nobody', () => {
    const { clock, log, settle, succeed } = createBench(['a', 'b']);
    const startedAtMs = clock.now();
    clock.advance(10_000);
    succeed('b', 20);
    for (let n = 0; n < 20; n++) settle('a', timeout, { startedAtMs, lateMs: 501 });
    expect(log).toEqual([]);
    settle('a', timeout, { startedAtMs, lateMs: 3 });
    expect(log[0]).toBe('eject a silence 30000 1');
  });
});

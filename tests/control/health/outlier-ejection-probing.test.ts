import { describe, expect, it } from '@jest/globals';

import { IGNORED, SUCCESS, type Outcome } from '../../../src/core/outcome.js';
import { connectFailure, createBench, status, timeout, type Bench } from './ejection-bench.js';

describe('probing', () => {
  function probing(): Bench {
    const bench = createBench(['a', 'b']);
    bench.breakDown('a');
    bench.clock.advance(30_000);
    bench.log.length = 0;
    return bench;
  }

  it('begins when the sentence ends, not a moment before, and says that something changed', () => {
    const { ejection, clock, log, breakDown } = createBench(['a', 'b']);
    breakDown('a');
    log.length = 0;
    clock.advance(29_999);
    expect([ejection.state('a').kind, ejection.probesReady(), log]).toEqual(['ejected', [], []]);
    expect(ejection.takeProbe('a')).toBe(false);
    clock.advance(1);
    expect([ejection.state('a').kind, ejection.probesReady(), log]).toEqual(['probing', ['a'], ['change']]);
    expect(ejection.ejectedCount).toBe(1);
  });

  it('lets one of a thousand callers through', () => {
    const { ejection } = probing();
    const taken = Array.from({ length: 1_000 }, () => ejection.takeProbe('a')).filter(Boolean);
    expect(taken).toHaveLength(1);
    expect(ejection.probesReady()).toEqual([]);
    expect(ejection.state('a')).toMatchObject({ kind: 'probing', inFlight: true });
  });

  it('gives no probe to a healthy endpoint or a stranger', () => {
    const { ejection } = probing();
    expect([ejection.takeProbe('b'), ejection.takeProbe('stranger')]).toEqual([false, false]);
  });

  it('ends with a probe that succeeds', () => {
    const { ejection, log, settle } = probing();
    ejection.takeProbe('a');
    settle('a', SUCCESS, { probe: true });
    expect([ejection.state('a').kind, ejection.ejectedCount, log]).toEqual([
      'healthy',
      0,
      ['uneject a probe', 'change'],
    ]);
  });

  it.each<[string, Outcome]>([
    ['a failure', connectFailure],
    ['a 500', status(500)],
    ['overload', { kind: 'overload', status: 429 }],
  ])('leads to the next longer sentence after %s', (_, outcome) => {
    const { ejection, clock, log, settle } = probing();
    ejection.takeProbe('a');
    settle('a', outcome, { probe: true });
    expect(log).toEqual(['eject a probe-failed 60000 2', 'change']);
    expect(ejection.ejectedCount).toBe(1);
    clock.advance(59_999);
    expect(ejection.state('a').kind).toBe('ejected');
    clock.advance(1);
    expect(ejection.state('a').kind).toBe('probing');
  });

  it('goes on when the probe says nothing: ignored, or late by our own fault', () => {
    const { ejection, log, settle } = probing();
    ejection.takeProbe('a');
    settle('a', IGNORED, { probe: true });
    expect(ejection.takeProbe('a')).toBe(true);
    settle('a', timeout, { probe: true, lateMs: 900 });
    expect(ejection.probesReady()).toEqual(['a']);
    expect(log).toEqual([]);
  });

  it('sends another probe when one has not come back in time, and hears only the last', () => {
    const { ejection, clock, log, settle } = probing();
    const startedAtMs = clock.now();
    ejection.takeProbe('a');
    clock.advance(29_999);
    expect(ejection.takeProbe('a')).toBe(false);
    clock.advance(1);
    expect(ejection.probesReady()).toEqual(['a']);
    expect(ejection.takeProbe('a')).toBe(true);
    settle('a', connectFailure, { probe: true, startedAtMs });
    expect([ejection.state('a'), log]).toEqual([{ kind: 'probing', sinceMs: startedAtMs, inFlight: true }, []]);
    settle('a', SUCCESS, { probe: true });
    expect(ejection.state('a').kind).toBe('healthy');
  });

  it('hears the second probe although it began, by a real clock, a moment before it was taken', () => {
    const { ejection, clock, settle } = probing();
    ejection.takeProbe('a');
    clock.advance(30_000);
    const startedAtMs = clock.now();
    clock.advance(0.01);
    expect(ejection.takeProbe('a')).toBe(true);
    settle('a', SUCCESS, { probe: true, startedAtMs });
    expect(ejection.state('a').kind).toBe('healthy');
  });

  it('still hears a slow probe whose place nobody has taken', () => {
    const { ejection, clock, settle } = probing();
    const startedAtMs = clock.now();
    ejection.takeProbe('a');
    clock.advance(100_000);
    settle('a', SUCCESS, { probe: true, startedAtMs });
    expect(ejection.state('a').kind).toBe('healthy');
  });

  it('ends as well when an attempt in panic succeeds, but no failure of such counts', () => {
    const { ejection, clock, log, settle } = probing();
    for (let n = 0; n < 10; n++) settle('a', connectFailure);
    expect([ejection.state('a').kind, log]).toEqual(['probing', []]);
    clock.advance(1);
    settle('a', SUCCESS);
    expect(log).toEqual(['uneject a probe', 'change']);
  });
});

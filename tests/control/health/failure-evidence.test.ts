import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  createFailureEvidence,
  failureInWords,
  type EvidenceSettings,
  type FailureEvidence,
} from '../../../src/control/health/failure-evidence.js';
import type { FailureReason, Outcome } from '../../../src/core/outcome.js';
import { DOCUMENTED } from './ejection-bench.js';

type Failure = Outcome & { kind: 'failure' };

const failure = (reason: FailureReason, status?: number): Failure =>
  status === undefined ? { kind: 'failure', reason } : { kind: 'failure', reason, status };
const status = (code: number): Failure => failure('status', code);

function evidence(settings: Partial<EvidenceSettings> = {}): FailureEvidence {
  return createFailureEvidence({ ...DOCUMENTED, ...settings });
}

function fail(one: FailureEvidence, outcome: Failure, times: number, nowMs = 0): void {
  for (let n = 0; n < times; n++) one.failure(outcome, nowMs);
}

describe('failures in a row', () => {
  it.each([
    failure('connect'),
    failure('timeout'),
    failure('reset'),
    failure('protocol'),
    status(502),
    status(503),
    status(504),
  ])('speak at the fifth: %j', (outcome) => {
    const one = evidence();
    fail(one, outcome, 4);
    expect(one.verdict(0)).toBeUndefined();
    one.failure(outcome, 0);
    expect(one.verdict(0)).toBe('consecutive-failures');
    expect(one.inWords(0)).toBe(`5 failures in a row, the last: ${failureInWords(outcome)}`);
  });

  it('begin anew after a success, and after a 500, which is an answer (Envoy)', () => {
    for (const interruption of ['success', 500] as const) {
      const one = evidence();
      fail(one, status(503), 4);
      if (interruption === 'success') one.success(0);
      else one.failure(status(interruption), 0);
      fail(one, status(503), 4);
      expect(one.verdict(0)).toBeUndefined();
    }
  });

  it('keep speaking until they are cleared: blocked evidence is not lost', () => {
    const one = evidence();
    fail(one, failure('connect'), 7);
    expect(one.verdict(3_600_000)).toBe('consecutive-failures');
    one.clear();
    expect(one.verdict(0)).toBeUndefined();
  });

  it('never speak when switched off', () => {
    const one = evidence({ consecutiveFailures: 0, failureThreshold: 0 });
    fail(one, failure('connect'), 1_000);
    expect(one.verdict(0)).toBeUndefined();
  });
});

describe('the failure ratio', () => {
  it('counts every failure, a 500 too, and needs the volume', () => {
    const one = evidence();
    fail(one, status(500), 9);
    expect(one.verdict(0)).toBeUndefined();
    one.failure(status(500), 0);
    expect(one.verdict(0)).toBe('failure-ratio');
    expect(one.inWords(0)).toBe('10 of 10 attempts failed within 10000 ms, the last: status 500');
  });

  it('speaks at the threshold, not only above it (Envoy: >=)', () => {
    const one = evidence();
    for (let n = 0; n < 5; n++) one.success(0);
    fail(one, status(500), 4);
    one.success(0);
    expect(one.verdict(0)).toBeUndefined();
    one.failure(status(500), 0);
    expect(one.verdict(0)).toBeUndefined(); // 5 of 11
    one.failure(status(500), 0);
    expect(one.verdict(0)).toBe('failure-ratio'); // 6 of 12
  });

  it('at 85 %: 50 good of 300 pass, 50 good of 350 do not (Envoy)', () => {
    for (const [total, expected] of [
      [300, undefined],
      [350, 'failure-ratio'],
    ] as const) {
      const one = evidence({ failureThreshold: 0.85, minVolume: 50 });
      for (let n = 0; n < 50; n++) one.success(0);
      fail(one, status(500), total - 50);
      expect(one.verdict(0)).toBe(expected);
    }
  });

  it('expires by the clock, without traffic', () => {
    const one = evidence();
    fail(one, status(500), 20, 5_000);
    expect(one.verdict(13_999)).toBe('failure-ratio');
    expect(one.verdict(15_000)).toBeUndefined();
    expect(one.isFailing(15_000)).toBe(false);
  });

  it('four failures of four say nothing at a volume of five, the fifth does, however slow (linkerd)', () => {
    const one = evidence({ consecutiveFailures: 0, minVolume: 5 });
    for (let n = 0; n < 4; n++) one.failure(status(503), n * 2_000);
    expect(one.verdict(6_000)).toBeUndefined();
    one.failure(status(503), 8_000);
    expect(one.verdict(8_000)).toBe('failure-ratio');
  });
});

describe('failing at the moment', () => {
  it('is two in a row, or too large a share', () => {
    const one = evidence();
    one.failure(failure('timeout'), 0);
    expect(one.isFailing(0)).toBe(false);
    one.failure(failure('timeout'), 0);
    expect(one.isFailing(0)).toBe(true);
    one.success(0);
    expect(one.isFailing(0)).toBe(false);
    fail(one, status(500), 10);
    expect(one.isFailing(0)).toBe(true);
  });

  it('holds whenever a rule would eject, and both rules agree with a plain recount', () => {
    const step = fc.record({
      kind: fc.constantFrom('ok', 'ok', '503', '500'),
      waitMs: fc.constantFrom(0, 1, 900, 2_500),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const one = evidence();
        const results: { atMs: number; ok: boolean }[] = [];
        let now = 0;
        let inARow = 0;
        for (const { kind, waitMs } of steps) {
          now += waitMs;
          if (kind === 'ok') one.success(now);
          else one.failure(status(Number(kind)), now);
          inARow = kind === '503' ? inARow + 1 : 0;
          results.push({ atMs: now, ok: kind === 'ok' });
          // The window moves in tenths: an amount counts until its slot, laid from time zero, is ten slots back.
          const recent = results.filter(({ atMs }) => Math.floor(now / 1_000) - Math.floor(atMs / 1_000) < 10);
          const failures = recent.filter(({ ok }) => !ok).length;
          const ratio = failures > 0 && recent.length >= 10 && failures / recent.length >= 0.5;
          expect(one.verdict(now)).toBe(inARow >= 5 ? 'consecutive-failures' : ratio ? 'failure-ratio' : undefined);
          expect(one.isFailing(now)).toBe(inARow >= 2 || ratio);
        }
      }),
    );
  });
});

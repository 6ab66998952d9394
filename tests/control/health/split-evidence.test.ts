import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createSplitEvidence, isLocalOrigin } from '../../../src/control/health/split-evidence.js';
import type { FailureEvidence } from '../../../src/control/health/failure-evidence.js';
import type { FailureReason, Outcome } from '../../../src/core/outcome.js';
import { DOCUMENTED } from './ejection-bench.js';

type Failure = Outcome & { kind: 'failure' };

const refused: Failure = { kind: 'failure', reason: 'connect' };
const unavailable: Failure = { kind: 'failure', reason: 'status', status: 503 };

function evidence(settings: Partial<typeof DOCUMENTED> = {}): FailureEvidence {
  return createSplitEvidence({ ...DOCUMENTED, failureThreshold: 0, ...settings });
}

function afterAll(one: FailureEvidence, failures: readonly Failure[]): FailureEvidence {
  for (const failure of failures) one.failure(failure, 0);
  return one;
}

describe('split evidence', () => {
  it('is local when no answer came', () => {
    const reasons: FailureReason[] = ['connect', 'timeout', 'reset', 'status', 'protocol'];
    expect(reasons.map(isLocalOrigin)).toEqual([true, true, true, false, false]);
  });

  it('keeps a row for each side, with its own length', () => {
    expect(afterAll(evidence(), Array(4).fill(refused)).verdict(0)).toBeUndefined();
    expect(afterAll(evidence(), Array(5).fill(refused)).verdict(0)).toBe('consecutive-local-failures');
    expect(afterAll(evidence({ consecutiveLocalFailures: 2 }), [refused, refused]).verdict(0)).toBe(
      'consecutive-local-failures',
    );
    expect(afterAll(evidence({ consecutiveLocalFailures: 2 }), Array(4).fill(unavailable)).verdict(0)).toBeUndefined();
    expect(afterAll(evidence(), Array(5).fill(unavailable)).verdict(0)).toBe('consecutive-failures');
  });

  it('lets a failure without answer leave the row of answers as it is, and an answer end the other row', () => {
    const one = afterAll(evidence(), [...Array(4).fill(unavailable), refused, unavailable]);
    expect(one.verdict(0)).toBe('consecutive-failures');
    const other = afterAll(evidence(), [...Array(4).fill(refused), unavailable, refused]);
    expect(other.verdict(0)).toBeUndefined();
    expect(other.inARow).toBe(1);
  });

  it('keeps a ratio for each side: of answers that failed, and of attempts that got none', () => {
    const settings = { consecutiveFailures: 0, consecutiveLocalFailures: 0, failureThreshold: 0.5 };
    const local = afterAll(evidence(settings), [...Array(5).fill(unavailable), ...Array(5).fill(refused)]);
    // Of the five that answered all failed, but five are no volume; of ten attempts half were not answered.
    expect(local.verdict(0)).toBe('local-failure-ratio');
    expect(local.inWords(0)).toBe('5 of 10 attempts failed within 10000 ms, the last: connect');
    const answered = evidence(settings);
    for (let n = 0; n < 5; n++) answered.success(0);
    expect(afterAll(answered, Array(5).fill(unavailable)).verdict(0)).toBe('failure-ratio');
    expect(answered.inWords(0)).toBe('5 of 10 attempts failed within 10000 ms, the last: status 503');
  });

  it('forgets both sides', () => {
    const one = afterAll(evidence(), [...Array(5).fill(refused), ...Array(5).fill(unavailable)]);
    expect(one.isFailing(0)).toBe(true);
    one.clear();
    expect([one.verdict(0), one.isFailing(0), one.inARow]).toEqual([undefined, false, 0]);
  });

  it('counts each row as a plain recount would', () => {
    const step = fc.constantFrom<'ok' | Failure>('ok', refused, unavailable);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const one = evidence({ consecutiveFailures: 3, consecutiveLocalFailures: 4 });
        let external = 0;
        let local = 0;
        for (const next of steps) {
          if (next === 'ok') {
            one.success(0);
            external = local = 0;
          } else {
            one.failure(next, 0);
            if (next === refused) local++;
            else [external, local] = [external + 1, 0];
          }
          expect(one.inARow).toBe(Math.max(external, local));
          expect(one.verdict(0)).toBe(
            external >= 3 ? 'consecutive-failures' : local >= 4 ? 'consecutive-local-failures' : undefined,
          );
        }
      }),
    );
  });
});

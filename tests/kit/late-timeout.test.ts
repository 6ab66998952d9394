import { describe, expect, it } from '@jest/globals';

import { isLate } from '../../src/kit/late-timeout.js';
import type { FailureReason, Outcome } from '../../src/core/outcome.js';

const late = (lateMs: number | undefined, waitedMs: number, reason: FailureReason = 'timeout'): boolean => {
  const outcome: Outcome = { kind: 'failure', reason };
  const sample = { startedAtMs: 1_000 };
  return isLate(outcome, lateMs === undefined ? sample : { ...sample, lateMs }, 1_000 + waitedMs);
};

describe('a late timeout', () => {
  it('fired more than half a second after its time', () => {
    expect(late(500, 10_500)).toBe(false);
    expect(late(501, 10_501)).toBe(true);
  });

  it('or later than the whole wait that was asked for', () => {
    expect(late(100, 200)).toBe(false);
    expect(late(101, 201)).toBe(true);
  });

  it('is none when nothing is said about it', () => {
    expect(late(undefined, 10_000)).toBe(false);
    expect(late(0, 0)).toBe(false);
  });

  it('can be a connection that did not come up in time, but no failure that the endpoint itself reported', () => {
    expect(late(600, 10_600, 'connect')).toBe(true);
    expect(late(600, 10_600, 'reset')).toBe(false);
    expect(late(600, 10_600, 'status')).toBe(false);
  });
});

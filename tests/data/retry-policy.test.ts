import { describe, expect, it } from '@jest/globals';

import type { Outcome } from '../../src/core/outcome.js';
import type { Attempt } from '../../src/data/attempt.js';
import type { HedgePolicy } from '../../src/data/hedging/hedge-policy.js';
import { decideRetry, type Repeatability, type RetryVerdict } from '../../src/data/retry-policy.js';
import type { RetrySettings } from '../../src/data/retry-settings.js';
import { createCallBench, type CallBench } from './call-bench.js';

const WILLING: Repeatability = {
  mayRetry: () => true,
  isIdempotent: () => true,
  isReplayable: () => true,
  isTooLong: () => false,
};

interface Failure {
  readonly outcome?: Outcome | undefined;
  readonly status?: number;
  readonly sent?: boolean;
  readonly retryAfterMs?: number;
}

const RESET: Failure = { outcome: { kind: 'failure', reason: 'reset' }, sent: true };

function decide(
  failure: Failure,
  request: Partial<Repeatability> = {},
  bench: CallBench = createCallBench(),
  retries = 0,
): RetryVerdict {
  const failed = { sent: true, ...failure } as Attempt;
  return decideRetry(bench.call, failed, retries, { ...WILLING, ...request });
}

function withRetry(retry: Partial<RetrySettings> | false): CallBench {
  const defaults = createCallBench().route.settings.retry as RetrySettings;
  return createCallBench({ settings: { retry: retry === false ? false : { ...defaults, ...retry } } });
}

const no = (reason: string): unknown => ({ retry: false, reason });

describe('decideRetry', () => {
  it.each<[string, Failure]>([
    ['a reset', RESET],
    ['a timeout', { outcome: { kind: 'failure', reason: 'timeout' } }],
    ['what is no HTTP', { outcome: { kind: 'failure', reason: 'protocol' } }],
    ['a 503', { outcome: { kind: 'failure', reason: 'status', status: 503 }, status: 503 }],
    ['an overload with a status of the list', { outcome: { kind: 'overload', status: 503 }, status: 503 }],
    ['an overload that says when', { outcome: { kind: 'overload', status: 429, retryAfterMs: 0 }, status: 429 }],
  ])('tries %s again', (_, failure) => {
    expect(decide(failure)).toEqual({ retry: true, delayMs: 25 });
  });

  it.each<[string, Failure]>([
    ['a success', { outcome: { kind: 'success' }, status: 200 }],
    ['what says nothing', { outcome: { kind: 'ignored' } }],
    ['an attempt without an end', { outcome: undefined }],
    ['a failure before a byte was sent', { outcome: { kind: 'failure', reason: 'connect' }, sent: false }],
    ['a status that is not of the list', { outcome: { kind: 'failure', reason: 'status', status: 500 }, status: 500 }],
    ['an overload that does not say when', { outcome: { kind: 'overload', status: 429 }, status: 429 }],
    ['an overload without a status', { outcome: { kind: 'overload' } }],
  ])('does not try %s again', (_, failure) => {
    expect(decide(failure)).toEqual(no('not-retryable'));
  });

  it('gives the first reason that applies, from the caller to the circumstances', () => {
    const bench = withRetry({ maxAttempts: 1 });
    bench.route.budget.tryWithdraw = () => false;
    const late: Failure = { ...RESET, retryAfterMs: 11_000 };
    const not = (...names: (keyof Repeatability)[]): Partial<Repeatability> =>
      Object.fromEntries(names.map((name) => [name, () => false]));
    expect(decide(RESET, {}, withRetry(false))).toEqual(no('off'));
    expect(decide({ outcome: { kind: 'success' } }, not('mayRetry', 'isIdempotent'), bench)).toEqual(no('off'));
    expect(decide({ outcome: { kind: 'success' } }, not('isIdempotent'), bench)).toEqual(no('not-retryable'));
    expect(decide(late, not('isIdempotent', 'isReplayable'), bench)).toEqual(no('method'));
    expect(decide(late, not('isReplayable'), bench)).toEqual(no('body'));
    expect(decide(late, { isReplayable: () => false, isTooLong: () => true }, bench)).toEqual(no('body-limit'));
    expect(decide(late, {}, bench)).toEqual(no('max-attempts'));
    const patient = createCallBench({ call: { timeoutMs: 10 } });
    patient.route.budget.tryWithdraw = () => false;
    expect(decide(late, {}, patient)).toEqual(no('retry-after'));
    expect(decide(RESET, {}, patient)).toEqual(no('deadline'));
    patient.route.budget.tryWithdraw = () => true;
    const poor = createCallBench();
    poor.route.budget.tryWithdraw = () => false;
    expect(decide(RESET, {}, poor)).toEqual(no('budget'));
  });

  it.each<[string, Partial<RetrySettings>, Failure, unknown]>([
    ['no resets', { retryOn: ['status'] }, RESET, no('not-retryable')],
    [
      'statuses only',
      { retryOn: ['reset'] },
      { outcome: { kind: 'failure', reason: 'status' }, status: 503 },
      no('not-retryable'),
    ],
    [
      'no overload',
      { retryOn: ['status'] },
      { outcome: { kind: 'overload', status: 503 }, status: 503 },
      no('not-retryable'),
    ],
    [
      'a healthy answer that is listed',
      { statuses: [409] },
      { outcome: { kind: 'success' }, status: 409 },
      { retry: true, delayMs: 25 },
    ],
    [
      'what was never sent',
      { retryOn: ['connect'] },
      { outcome: { kind: 'failure', reason: 'connect' }, sent: false },
      { retry: true, delayMs: 25 },
    ],
    [
      'what shouldRetry asks for',
      { shouldRetry: () => true },
      { outcome: { kind: 'failure', reason: 'status' }, status: 500 },
      { retry: true, delayMs: 25 },
    ],
    ['what shouldRetry forbids', { shouldRetry: () => false }, RESET, no('should-retry')],
    ['what shouldRetry leaves open', { shouldRetry: () => undefined }, RESET, { retry: true, delayMs: 25 }],
    [
      'nothing that is our own doing',
      { shouldRetry: () => true },
      { outcome: { kind: 'ignored' } },
      no('not-retryable'),
    ],
  ])('follows the settings: %s', (_, retry, failure, verdict) => {
    const bench = withRetry(retry);
    const endpoint = { id: 'a' };
    expect(decide({ ...failure, endpoint } as Failure, {}, bench)).toEqual(verdict);
  });

  it('lets what was never sent go out again whatever it means, and nothing else', () => {
    const unsent: Failure = { outcome: { kind: 'failure', reason: 'connect' }, sent: false };
    const bench = withRetry({ retryOn: ['connect', 'reset'] });
    expect(decide(unsent, { isIdempotent: () => false }, bench).retry).toBe(true);
    expect(decide(RESET, { isIdempotent: () => false }, bench)).toEqual(no('method'));
  });

  it('sends nothing that has less time than half of the answers took', () => {
    const hedging = { medianMs: () => 100 } as HedgePolicy;
    const left = (timeoutMs: number): RetryVerdict =>
      decide(
        RESET,
        {},
        createCallBench({ overrides: { hedging: { ...hedging, deposit: () => {} } }, call: { timeoutMs } }),
      );
    expect(left(124)).toEqual(no('deadline'));
    expect(left(125)).toEqual({ retry: true, delayMs: 25 });
  });

  it('takes from the budget only for a retry that will be made', () => {
    let withdrawals = 0;
    const bench = createCallBench();
    bench.route.budget.tryWithdraw = () => ++withdrawals > 0;
    decide(RESET, { isIdempotent: () => false }, bench);
    decide({ ...RESET, retryAfterMs: 11_000 }, {}, bench);
    expect(withdrawals).toBe(0);
    decide(RESET, {}, bench);
    expect(withdrawals).toBe(1);
  });

  it('waits by full jitter, doubling with each retry up to its cap', () => {
    const bench = withRetry({ maxAttempts: 10, backoffBaseMs: 100, backoffMaxMs: 500 });
    const delays = [0, 1, 2, 3, 4].map((retries) => decide(RESET, {}, bench, retries));
    expect(delays).toEqual([50, 100, 200, 250, 250].map((delayMs) => ({ retry: true, delayMs })));
  });

  it('waits as long as the endpoint asks when that is longer, and never less than the backoff', () => {
    expect(decide({ ...RESET, retryAfterMs: 7_000 })).toEqual({ retry: true, delayMs: 7_000 });
    expect(decide({ ...RESET, retryAfterMs: 10_000 })).toEqual({ retry: true, delayMs: 10_000 });
    expect(decide({ ...RESET, retryAfterMs: 10_001 })).toEqual(no('retry-after'));
    expect(decide({ ...RESET, retryAfterMs: 1 })).toEqual({ retry: true, delayMs: 25 });
  });

  it('never waits until the deadline or beyond', () => {
    const bench = createCallBench({ call: { timeoutMs: 5_000 } });
    expect(decide({ ...RESET, retryAfterMs: 5_000 }, {}, bench)).toEqual(no('deadline'));
    expect(decide({ ...RESET, retryAfterMs: 4_999 }, {}, bench)).toEqual({ retry: true, delayMs: 4_999 });
  });

  it('counts the first attempt among maxAttempts', () => {
    const bench = withRetry({ maxAttempts: 3 });
    expect(decide(RESET, {}, bench, 1).retry).toBe(true);
    expect(decide(RESET, {}, bench, 2)).toEqual(no('max-attempts'));
  });
});

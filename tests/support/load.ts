/**
 * Load for scenarios: either so many callers that each wait for their answer (closed), or so many calls per second
 * whatever the answers do (open). Open load is timed from when a call was due, not from when it could start, so that a
 * stall of the client itself shows ("coordinated omission").
 */

export interface LoadOptions {
  /** Closed load: this many callers. */
  readonly concurrency?: number;
  /** Open load. */
  readonly ratePerSecond?: number;
  /** One call; `n` counts from 0. A rejection is an error of the result. */
  readonly call: (n: number) => Promise<unknown>;
}

export interface LoadResult {
  readonly calls: number;
  readonly errors: readonly Error[];
  /** Milliseconds of the calls without error, ascending. */
  readonly latencies: readonly number[];
  readonly p50: number;
  readonly p99: number;
  readonly durationMs: number;
}

export interface Load {
  /** Sends no more, waits for what is under way. */
  stop(): Promise<LoadResult>;
  /** So far. */
  readonly calls: number;
  /** So far. */
  readonly errors: readonly Error[];
}

export function startLoad({ concurrency, ratePerSecond, call }: LoadOptions): Load {
  if ((concurrency === undefined) === (ratePerSecond === undefined)) {
    throw new TypeError('startLoad: give either concurrency or ratePerSecond');
  }
  const startedAt = performance.now();
  const underWay = new Set<Promise<void>>();
  const errors: Error[] = [];
  const latencies: number[] = [];
  let calls = 0;
  let stopped = false;

  async function callOnce(dueAt: number): Promise<void> {
    try {
      await call(calls++);
      latencies.push(performance.now() - dueAt);
    } catch (error) {
      errors.push(error as Error);
    }
  }

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function callAgainAndAgain(): Promise<void> {
    while (!stopped) {
      await callOnce(performance.now());
      // A call that never waits for anything would keep timers, and so the end of the test, from their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  for (let caller = 0; caller < (concurrency ?? 0); caller++) track(callAgainAndAgain());

  let due = 0;
  const ticker =
    ratePerSecond === undefined
      ? undefined
      : setInterval(() => {
          const untilNow = ((performance.now() - startedAt) / 1000) * ratePerSecond;
          for (; due < untilNow; due++) track(callOnce(startedAt + (due / ratePerSecond) * 1000));
        }, 2);

  return {
    async stop() {
      stopped = true;
      clearInterval(ticker);
      while (underWay.size > 0) await Promise.all(underWay);
      latencies.sort((a, b) => a - b);
      return {
        calls,
        errors,
        latencies,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        durationMs: performance.now() - startedAt,
      };
    },
    get calls() {
      return calls;
    },
    get errors() {
      return errors;
    },
  };
}

/** The smallest value that at least this share of the values does not exceed; NaN when there is none. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

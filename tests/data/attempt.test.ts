import { describe, expect, it } from '@jest/globals';

import type { HedgePolicy } from '../../src/data/hedging/hedge-policy.js';
import { BROKEN, createCallBench, REFUSED, type CallBench } from './call-bench.js';

function sent(options: Parameters<typeof createCallBench>[0] = {}): CallBench {
  const bench = createCallBench(options);
  bench.dispatch();
  bench.exchange.start();
  return bench;
}

describe('an attempt that is answered', () => {
  it('settles when the body ends, not at the headers, with the time from the first byte sent', () => {
    const bench = createCallBench();
    const { route, clock, call } = bench;
    bench.dispatch();
    clock.advance(30);
    bench.exchange.start();
    clock.advance(12);
    bench.exchange.answer(200);
    expect(route.settled).toEqual([]);
    expect(route.heardFrom).toEqual(['a']);
    clock.advance(500);
    bench.exchange.observer.ended();
    expect(route.settled).toEqual([{ endpoint: 'a', outcome: { kind: 'success' }, latencyMs: 12, lateMs: 0 }]);
    expect(call.last?.report()).toEqual({
      attempt: 1,
      endpoint: 'a',
      address: 'a:1',
      kind: 'first',
      startedAfterMs: 0,
      durationMs: 42,
      status: 200,
      outcome: { kind: 'success' },
      error: undefined,
      sent: true,
    });
  });

  it('is judged by its status, and keeps what it asked for', () => {
    const { route, call, exchange } = sent();
    exchange.answer(503, { 'retry-after': '3' });
    expect(call.last).toMatchObject({ status: 503, retryAfterMs: 3_000, outcome: { kind: 'overload' } });
    exchange.observer.ended();
    expect(route.settled[0]?.outcome).toEqual({ kind: 'overload', status: 503, retryAfterMs: 3_000 });
    expect(call.tried).toEqual(new Set(['a']));
  });

  it('settles once, whatever comes after the end', () => {
    const { route, exchange } = sent();
    exchange.answer(200);
    exchange.observer.ended();
    exchange.observer.ended();
    expect(exchange.observer.failed(BROKEN)).toBe(false);
    exchange.answer(500);
    expect(route.settled).toHaveLength(1);
  });

  it('leaves no timer', () => {
    const { clock, exchange } = sent();
    expect(clock.pendingTimers).toBe(1);
    exchange.answer(200);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[string, unknown, unknown]>([
    ['that breaks off counts as a reset', BROKEN, { kind: 'failure', reason: 'reset' }],
    ['that the caller cancels counts as what it was', { name: 'AbortError' }, { kind: 'success' }],
  ])('with a body %s, and the handler is told', (_, error, outcome) => {
    const { route, exchange, failures } = sent();
    exchange.answer(200);
    expect(exchange.observer.failed(error)).toBe(false);
    expect(route.settled).toEqual([expect.objectContaining({ outcome })]);
    // The transport does that.
    expect(failures).toEqual([]);
  });

  it('without having been answered at all, as after an upgrade, says nothing', () => {
    const { route, exchange } = sent();
    exchange.observer.ended();
    expect(route.settled[0]?.outcome).toEqual({ kind: 'ignored' });
  });
});

describe('an attempt that fails', () => {
  it.each<[string, boolean, Error, object]>([
    ['before a byte was sent', false, REFUSED, { kind: 'failure', reason: 'connect' }],
    ['after that', true, BROKEN, { kind: 'failure', reason: 'reset' }],
  ])('%s settles at once', (_, isSent, error, outcome) => {
    const { route, dispatch, call } = createCallBench({ endpoints: undefined as never });
    dispatch();
    const [exchange] = route.exchanges;
    if (isSent) exchange?.start();
    exchange?.observer.failed(error);
    expect(route.settled[0]).toMatchObject({ endpoint: 'a', outcome, latencyMs: undefined });
    expect(call.attempts[0]?.report()).toMatchObject({ error: error.message, sent: isSent, status: undefined });
  });

  it('in a way that proves that nothing had left after all may go elsewhere', () => {
    const { route, exchange } = sent({ call: { method: 'POST' } });
    exchange.observer.neverLeft?.();
    expect(exchange.observer.failed(REFUSED)).toBe(true);
    expect(route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(['a', 'b']);
  });

  it('for a reason of our own says nothing about the endpoint, and does not go elsewhere', () => {
    const { route, exchange, call } = createCallBenchDispatched();
    expect(exchange.observer.failed({ name: 'Error', code: 'UND_ERR_INVALID_ARG' })).toBe(false);
    expect(route.settled[0]?.outcome).toEqual({ kind: 'ignored' });
    expect(route.exchanges).toHaveLength(1);
    expect(call.tried).toBeUndefined();
  });

  it('is judged by the classifier first', () => {
    const { route, exchange } = sent({ overrides: { classifier: () => ({ kind: 'overload' }) } });
    exchange.observer.failed(BROKEN);
    expect(route.settled[0]?.outcome).toEqual({ kind: 'overload' });
  });
});

function createCallBenchDispatched(): CallBench {
  const bench = createCallBench();
  bench.dispatch();
  return bench;
}

describe('the attempt timeout', () => {
  it('aborts what was sent, and blames the endpoint', () => {
    const { route, clock, exchange, failures } = sent();
    clock.advance(9_999);
    expect(route.settled).toEqual([]);
    clock.advance(1);
    expect(route.settled).toEqual([
      { endpoint: 'a', outcome: { kind: 'failure', reason: 'timeout' }, latencyMs: undefined, lateMs: 0 },
    ]);
    const error = expect.objectContaining({
      message: 'ERR_ATTEMPT_TIMEOUT: orders: a:1 did not answer within 10000 ms',
      service: 'orders',
    });
    expect(exchange.aborts).toEqual([error]);
    // The abort comes back from the wire; that is what ends the handler.
    expect(failures).toEqual([]);
    expect(exchange.observer.failed(exchange.aborts[0])).toBe(false);
    expect(route.settled).toHaveLength(1);
  });

  it('counts from the last part of the body that was sent', () => {
    const { route, clock, exchange } = sent();
    clock.advance(8_000);
    exchange.observer.bodySent();
    clock.advance(9_999);
    expect(route.settled).toEqual([]);
    clock.advance(1);
    expect(exchange.aborts).toEqual([expect.objectContaining({ message: expect.stringContaining('within 18000 ms') })]);
  });

  it('but never beyond the time of the call', () => {
    const { route, clock, exchange } = sent({ call: { timeoutMs: 12_000 } });
    clock.advance(8_000);
    exchange.observer.bodySent();
    clock.advance(3_999);
    expect(route.settled).toEqual([]);
    clock.advance(1);
    expect(exchange.aborts).toEqual([expect.objectContaining({ code: 'ERR_CALL_TIMEOUT' })]);
  });

  it('hears nothing of parts that are sent after the answer', () => {
    const { clock, exchange } = sent();
    exchange.answer(200);
    exchange.observer.bodySent();
    expect(clock.pendingTimers).toBe(0);
  });

  it('moves on when nothing was sent, and a connection that comes up late is not used', () => {
    const { route, clock, failures } = createCallBenchDispatched();
    const [first] = route.exchanges;
    clock.advance(10_000);
    expect(route.exchanges.map(({ endpoint }) => endpoint.id)).toEqual(['a', 'b']);
    expect(failures).toEqual([]);
    first?.start();
    expect(first?.aborts).toHaveLength(1);
    expect(first?.observer.failed(first.aborts[0])).toBe(true);
    expect(route.settled).toEqual([
      expect.objectContaining({ endpoint: 'a', outcome: { kind: 'failure', reason: 'connect' } }),
    ]);
  });

  it('tells the handler itself when nothing was sent and there is nobody else', () => {
    const { clock, failures, route } = createCallBenchDispatched();
    clock.advance(30_000);
    expect(route.exchanges).toHaveLength(3);
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_CALL_TIMEOUT' })]);
  });

  it('says how much later than due it fired: the event loop may have been at fault', () => {
    const { route, exchange } = sent({
      overrides: {},
      clock: stallingClock(700),
    });
    (route.clock as ReturnType<typeof stallingClock>).stall();
    expect(route.settled).toEqual([expect.objectContaining({ lateMs: 700 })]);
    expect(exchange.aborts).toHaveLength(1);
  });
});

describe('patience', () => {
  const hedging = {
    waiting: 0,
    deposit: () => {},
    answered: () => {},
    medianMs: () => 0,
    patienceMs: () => 1_000,
    allows: () => undefined,
  };

  function watched(clock?: CallBench['clock']) {
    const bench = createCallBench({
      overrides: { hedging: { ...hedging } },
      ...(clock === undefined ? {} : { clock }),
    });
    const overdue: number[] = [];
    bench.call.watcher = { attemptOverdue: () => overdue.push(bench.clock.now() - bench.call.startedAtMs) };
    bench.dispatch();
    return { ...bench, overdue };
  }

  it('ends when it says, again every second, and leaves the timeout where it was', () => {
    const { clock, overdue, route } = watched();
    clock.advance(3_500);
    expect(overdue).toEqual([1_000, 2_000, 3_000]);
    clock.advance(6_500);
    expect(route.settled[0]?.outcome).toMatchObject({ kind: 'failure' });
  });

  it('begins anew with every part of an upload', () => {
    const { clock, overdue, exchange } = watched();
    exchange.start();
    clock.advance(700);
    exchange.observer.bodySent();
    clock.advance(999);
    expect(overdue).toEqual([]);
    clock.advance(1);
    expect(overdue).toEqual([1_700]);
  });

  it('is not over when the timer fired late: what came meanwhile has still to be read', () => {
    const clock = stallingClock(2_000);
    const { overdue } = watched(clock);
    clock.stall();
    expect(overdue).toEqual([]);
  });

  it('counts an attempt as waiting until its headers, its failure, or its end', () => {
    const { clock, route, exchange, dispatch } = watched();
    const policy = route.hedging as HedgePolicy;
    expect(policy.waiting).toBe(1);
    exchange.start();
    exchange.answer(200);
    expect(policy.waiting).toBe(0);
    dispatch();
    expect(policy.waiting).toBe(1);
    route.exchanges.at(-1)?.start();
    clock.advance(10_000);
    expect(policy.waiting).toBe(0);
  });
});

/** A clock whose timers fire `lateMs` after their time, all together. */
function stallingClock(lateMs: number): CallBench['clock'] & { stall(): void } {
  let nowMs = 1_000;
  let timer: (() => void) | undefined;
  return {
    now: () => nowMs,
    setTimer(callback, delayMs) {
      timer = () => {
        nowMs += delayMs + lateMs;
        callback();
      };
      return { [Symbol.dispose]: () => (timer = undefined) };
    },
    stall: () => timer?.(),
    advance: () => {},
    advanceAsync: async () => {},
    pendingTimers: 0,
  };
}

describe('a caller who gives up', () => {
  const REASON = { why: 'the user left' };

  it('before anything was sent frees the claim, and a late connection is aborted with the reason', () => {
    const { call, route, clock } = createCallBenchDispatched();
    const [exchange] = route.exchanges;
    call.abort(REASON);
    expect(route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'ignored' } })]);
    expect(clock.pendingTimers).toBe(0);
    exchange?.start();
    expect(exchange?.aborts).toEqual([REASON]);
    expect(exchange?.observer.failed(REASON)).toBe(true);
    expect(call.last?.report()).toMatchObject({ sent: false, outcome: { kind: 'ignored' } });
  });

  it('before the answer aborts the exchange with the reason', () => {
    const { call, route, exchange } = sent();
    call.abort(REASON);
    expect(exchange.aborts).toEqual([REASON]);
    expect(route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'ignored' } })]);
    expect(exchange.observer.failed(REASON)).toBe(false);
    expect(route.settled).toHaveLength(1);
  });

  it('within the body frees the claim and aborts the exchange', () => {
    const { call, route, exchange } = sent();
    exchange.answer(200);
    call.abort(REASON);
    expect(exchange.aborts).toEqual([REASON]);
    expect(route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'ignored' } })]);
  });

  it('after the body changes nothing', () => {
    const { call, route, exchange } = sent();
    exchange.answer(200);
    exchange.observer.ended();
    call.abort(REASON);
    expect(exchange.aborts).toEqual([]);
    expect(route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'success' } })]);
  });

  it('blames nobody for errors that come while the abort is on its way', () => {
    const { call, route, exchange } = sent();
    call.aborted = true;
    exchange.observer.failed(BROKEN);
    expect(route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'ignored' } })]);
    const other = sent();
    other.exchange.answer(200);
    other.call.aborted = true;
    other.exchange.observer.failed(BROKEN);
    expect(other.route.settled).toEqual([expect.objectContaining({ outcome: { kind: 'ignored' } })]);
  });

  it('before the first byte is not sent for', () => {
    const { call, route } = createCallBenchDispatched();
    call.aborted = true;
    route.exchanges[0]?.start();
    expect(route.exchanges[0]?.aborts).toEqual([expect.objectContaining({ name: 'AbortError' })]);
  });
});

import { describe, expect, it } from '@jest/globals';

import { BoundedExchange } from '../../src/data/bounded-exchange.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

const timeUp = new Error('time is up');

function start(delayMs = 100) {
  const clock = createFakeClock();
  const errors: unknown[] = [];
  const exchange = new BoundedExchange(
    clock,
    delayMs,
    { onError: (error: unknown) => errors.push(error) },
    () => timeUp,
  );
  return { clock, errors, exchange };
}

describe('a bounded exchange', () => {
  it('that never begins fails its handler once, and aborts a beginning that comes late', () => {
    const { clock, errors, exchange } = start();
    clock.advance(99);
    expect(errors).toEqual([]);
    clock.advance(1);
    expect(errors).toEqual([timeUp]);
    const aborted: unknown[] = [];
    exchange.started((reason) => aborted.push(reason));
    expect(aborted).toEqual([timeUp]);
  });

  it('that cannot connect after its time does not tell its handler twice', () => {
    const { clock, exchange } = start();
    clock.advance(100);
    expect(exchange.failed(new Error('refused'))).toBe(true);
  });

  it('that has begun is aborted, and the wire tells the handler', () => {
    const { clock, errors, exchange } = start();
    const aborted: unknown[] = [];
    exchange.started((reason) => aborted.push(reason));
    clock.advance(100);
    expect(aborted).toEqual([timeUp]);
    expect(errors).toEqual([]);
    expect(exchange.failed(new Error('refused'))).toBe(false);
  });

  it.each(['responded', 'ended', 'failed'] as const)('leaves no timer once it has %s', (how) => {
    const { clock, errors, exchange } = start();
    exchange.started(() => errors.push('aborted'));
    if (how === 'failed') exchange.failed(new Error('refused'));
    else exchange[how]();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(1_000);
    expect(errors).toEqual([]);
  });

  it('whose time is over already ends with the next turn', () => {
    const { clock, errors } = start(-5);
    clock.advance(0);
    expect(errors).toEqual([timeUp]);
  });
});

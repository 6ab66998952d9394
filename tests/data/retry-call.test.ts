import { describe, expect, it, jest } from '@jest/globals';

import { errorOfCall } from '../../src/data/call-error.js';
import { retryCall, type RepeatableRequest, type Round } from '../../src/data/retry-call.js';
import { callError } from '../../src/core/errors.js';
import { BROKEN, createCallBench, endpointAt, REFUSED, type CallBench } from './call-bench.js';

const ERROR: Round<string> = { error: new TypeError('fetch failed', { cause: BROKEN }) };

/** Plays one attempt of the call on the wire. */
function play(bench: CallBench, how: 'reset' | number): Round<string> {
  bench.dispatch();
  bench.exchange.start();
  if (how === 'reset') {
    bench.exchange.observer.failed(BROKEN);
    return ERROR;
  }
  bench.exchange.answer(how);
  bench.exchange.observer.ended();
  return { value: `answer ${how}` };
}

function requestOf(
  bench: CallBench,
  ...rounds: ('reset' | number)[]
): RepeatableRequest<string> & { discarded: string[] } {
  const discarded: string[] = [];
  return {
    discarded,
    mayRetry: () => true,
    isIdempotent: () => true,
    isReplayable: () => true,
    isTooLong: () => false,
    again: async () => play(bench, rounds.shift() ?? 200),
    discard: (value) => void discarded.push(value),
  };
}

async function run(bench: CallBench, first: Round<string>, request: RepeatableRequest<string>): Promise<Round<string>> {
  const round = retryCall(bench.call, first, request);
  await bench.clock.advanceAsync(60_000);
  return round;
}

describe('retryCall', () => {
  it('gives back the first round that goes well, and frees the answers before it', async () => {
    const bench = createCallBench();
    const first = play(bench, 503);
    const request = requestOf(bench, 'reset', 200);
    expect(await run(bench, first, request)).toEqual({ value: 'answer 200' });
    expect(request.discarded).toEqual(['answer 503']);
    expect(bench.call.attempts.map(({ kind }) => kind)).toEqual(['first', 'retry', 'retry']);
    expect(bench.call.notRetried).toBeUndefined();
  });

  it('gives back the last round when there are no more, whatever it is, and does not free it', async () => {
    const bench = createCallBench();
    const request = requestOf(bench, 503, 502);
    expect(await run(bench, play(bench, 'reset'), request)).toEqual({ value: 'answer 502' });
    expect(request.discarded).toEqual(['answer 503']);
    expect(bench.call.notRetried).toBe('max-attempts');
    const other = createCallBench();
    expect(await run(other, play(other, 503), requestOf(other, 'reset', 'reset'))).toBe(ERROR);
  });

  it('makes no second attempt of what must not have one', async () => {
    const bench = createCallBench();
    const again = jest.fn(async () => ERROR);
    const request = { ...requestOf(bench), isIdempotent: () => false, again };
    expect(await run(bench, play(bench, 'reset'), request)).toBe(ERROR);
    expect(again).not.toHaveBeenCalled();
    expect(bench.route.emitted.at(-1)).toEqual([
      'retry',
      { service: 'orders', attempt: 1, cause: 'read ECONNRESET', delayMs: 0, refused: 'method' },
    ]);
  });

  it('says so in an event when it does', async () => {
    const bench = createCallBench();
    await run(bench, play(bench, 503), requestOf(bench));
    expect(bench.route.emitted.filter(([name]) => name === 'retry')).toEqual([
      ['retry', { service: 'orders', attempt: 1, cause: 'status 503', delayMs: 25 }],
    ]);
  });

  it('says nothing to nobody', async () => {
    const bench = createCallBench({ listening: false });
    await run(bench, play(bench, 503), requestOf(bench));
    expect(bench.route.emitted).toEqual([]);
  });

  it('does not wait where there is nothing to wait for', async () => {
    const bench = createCallBench({ overrides: { random: { next: () => 0 } } });
    const round = retryCall(bench.call, play(bench, 'reset'), requestOf(bench));
    expect(await round).toEqual({ value: 'answer 200' });
  });

  it('ends with the abort of its caller: no attempt is made for nobody', async () => {
    const bench = createCallBench();
    const first = play(bench, 'reset');
    const rounds: string[] = [];
    const request: RepeatableRequest<string> = {
      ...requestOf(bench),
      again: async () => (rounds.push('again'), { error: 'aborted' }),
    };
    const round = retryCall(bench.call, first, request);
    await bench.clock.advanceAsync(1);
    bench.call.abort('enough');
    expect(await round).toEqual({ error: 'aborted' });
    expect(rounds).toEqual(['again']);
    expect(await retryCall(bench.call, ERROR, request)).toBe(ERROR);
  });

  it('decides nothing where no attempt was made', async () => {
    const bench = createCallBench();
    expect(await run(bench, ERROR, requestOf(bench))).toBe(ERROR);
    const refused = createCallBench({ overrides: { pick: () => 'limit' } });
    refused.dispatch();
    expect(await run(refused, ERROR, requestOf(refused))).toBe(ERROR);
    expect(refused.call.notRetried).toBeUndefined();
  });

  it('does not lean on the random, the clock or the timers of p-retry', async () => {
    const spies = [jest.spyOn(Math, 'random'), jest.spyOn(globalThis, 'setTimeout')];
    try {
      const bench = createCallBench();
      await run(bench, play(bench, 503), requestOf(bench, 503));
      for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });
});

describe('errorOfCall', () => {
  const RAW = new TypeError('fetch failed');

  it('is the raw error when no attempt was made, or the refusal that kept it from being made', () => {
    expect(errorOfCall(createCallBench().call, RAW)).toBe(RAW);
    const refused = createCallBench({ overrides: { pick: () => 'limit' } });
    refused.dispatch();
    expect(errorOfCall(refused.call, RAW)).toBe(refused.call.refusal);
  });

  it('is the raw error when the attempt itself was answered: it is not about reaching the service', () => {
    const bench = createCallBench();
    play(bench, 302);
    expect(errorOfCall(bench.call, RAW)).toBe(RAW);
  });

  it('is the refusal when that is where a redirect led', () => {
    const refusal = callError('ERR_UNKNOWN_SERVICE', 'elsewhere');
    const bench = createCallBench({ router: { refuse: () => refusal } });
    play(bench, 302);
    bench.dispatch({ origin: 'http://elsewhere' });
    expect(errorOfCall(bench.call, RAW)).toBe(refusal);
  });

  it('is the raw error when our side was at fault', () => {
    const bench = createCallBench();
    bench.dispatch();
    bench.exchange.observer.failed({ code: 'UND_ERR_INVALID_ARG' });
    expect(errorOfCall(bench.call, RAW)).toBe(RAW);
  });

  it('names every attempt, answered or not, and the root cause', () => {
    const bench = createCallBench();
    play(bench, 503);
    play(bench, 'reset');
    const error = errorOfCall(bench.call, RAW);
    expect(error).toMatchObject({
      code: 'ERR_ALL_ATTEMPTS_FAILED',
      message: 'ERR_ALL_ATTEMPTS_FAILED: orders: 2 attempts failed: a:1 answered 503; b:1 read ECONNRESET',
      service: 'orders',
      cause: BROKEN,
      attempts: [{ attempt: 1 }, { attempt: 2 }],
    });
  });

  it('names what kept the next attempt from being made', () => {
    const bench = createCallBench();
    play(bench, 'reset');
    bench.route.pick = () => 'limit';
    bench.dispatch();
    expect(errorOfCall(bench.call, RAW)).toMatchObject({
      code: 'ERR_ALL_ATTEMPTS_FAILED',
      message: expect.stringContaining(
        '1 attempt failed: a:1 read ECONNRESET, then ERR_LIMIT_EXCEEDED: orders: too many',
      ),
      cause: { code: 'ERR_LIMIT_EXCEEDED' },
    });
  });

  it('has the code of the client that was closed meanwhile', () => {
    const bench = createCallBench({ endpoints: [] });
    bench.route.pick = createCallBench().route.pick;
    play(bench, 'reset');
    bench.route.pick = () => 'none';
    bench.dispatch();
    bench.route.waiting[0]?.done(callError('ERR_CLIENT_CLOSED', 'closed'));
    expect(errorOfCall(bench.call, RAW)).toMatchObject({ code: 'ERR_CLIENT_CLOSED' });
    const other = createCallBench();
    other.dispatch();
    other.exchange.start();
    other.exchange.observer.failed(callError('ERR_CLIENT_CLOSED', 'closed'));
    expect(errorOfCall(other.call, RAW)).toMatchObject({ code: 'ERR_CLIENT_CLOSED', attempts: [{ sent: true }] });
  });

  it('has the code of a timeout when that was all, and of the call when its time was over', () => {
    const one = createCallBench();
    one.dispatch();
    one.exchange.start();
    one.clock.advance(10_000);
    expect(errorOfCall(one.call, RAW)).toMatchObject({ code: 'ERR_ATTEMPT_TIMEOUT', name: 'TimeoutError' });
    play(one, 'reset');
    expect(errorOfCall(one.call, RAW)).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED', name: 'TypeError' });
    one.dispatch();
    one.exchange.start();
    one.clock.advance(10_000);
    expect(errorOfCall(one.call, RAW)).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED' });
    one.dispatch();
    one.exchange.start();
    one.clock.advance(10_000);
    expect(errorOfCall(one.call, RAW)).toMatchObject({ code: 'ERR_CALL_TIMEOUT', name: 'TimeoutError' });
  });

  it('says that addresses were refused only when all of them were', () => {
    const http = { scheme: 'http' as const };
    const all = createCallBench({
      endpoints: [endpointAt('a', http), endpointAt('b', http)],
      call: { origin: 'https://orders' },
    });
    all.dispatch({ origin: 'https://orders' });
    expect(errorOfCall(all.call, RAW)).toMatchObject({ code: 'ERR_ADDRESS_REFUSED', name: 'TypeError' });
    const some = createCallBench({
      endpoints: [endpointAt('a'), endpointAt('b', http)],
      call: { origin: 'https://orders' },
    });
    some.dispatch({ origin: 'https://orders' });
    some.exchange.observer.failed(REFUSED);
    expect(errorOfCall(some.call, RAW)).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED' });
  });
});

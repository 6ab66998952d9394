import { describe, expect, it } from '@jest/globals';

import type { Random } from '../../../src/core/random.js';
import { readAnswer, type CheckedAnswer } from '../../../src/control/discovery/read-answer.js';
import { createResolutionCache } from '../../../src/control/discovery/resolution-cache.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { SETTINGS } from './settings.js';

const middle: Random = { next: () => 0.5 };

const found = (ttlMs?: number): CheckedAnswer =>
  readAnswer({ endpoints: ['h:1'], ...(ttlMs === undefined ? {} : { ttlMs }) });
const none = (): CheckedAnswer => readAnswer({ endpoints: [] });

type Ask = (key: string, signal: AbortSignal) => Promise<CheckedAnswer>;

function setUp(ask: Ask, { random = middle, maxQuestions = 10, startMs = 1_000 } = {}) {
  const clock = createFakeClock(startMs);
  const asked: string[] = [];
  const cache = createResolutionCache<string>({
    settings: SETTINGS,
    clock,
    random,
    maxQuestions,
    ask: (key, { signal }) => {
      asked.push(key);
      return ask(key, signal);
    },
  });
  return { clock, cache, asked };
}

const life = async (answer: CheckedAnswer, random = middle): Promise<number> => {
  const { freshUntilMs, answeredAtMs } = await setUp(async () => answer, { random }).cache.ask('a');
  return freshUntilMs - answeredAtMs;
};

describe('createResolutionCache', () => {
  it('asks once for a thousand readers, and not at all while the answer is fresh', async () => {
    const { cache, asked, clock } = setUp(async () => found(60_000));
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => cache.ask('a')));
    expect(new Set(answers).size).toBe(1);
    clock.advance(60_000);
    await cache.ask('a');
    expect(asked).toEqual(['a']);
    clock.advance(1);
    await cache.ask('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('keeps one entry per question', async () => {
    const { cache, asked } = setUp(async (key) => (key === 'a' ? found() : none()));
    expect((await cache.ask('a')).answer.endpoints).toHaveLength(1);
    expect((await cache.ask('b')).answer.endpoints).toHaveLength(0);
    expect(asked).toEqual(['a', 'b']);
  });

  it('lets an answer live between the bounds, the default when it states nothing, briefly when it is empty', async () => {
    expect(await life(found(0))).toBe(5_000);
    expect(await life(found(1_000_000))).toBe(300_000);
    expect(await life(found(42_000))).toBe(42_000);
    expect(await life(found())).toBe(30_000);
    expect(await life(none())).toBe(5_000);
    expect(await life(readAnswer({ endpoints: [], ttlMs: 100_000 }))).toBe(5_000);
    expect(await life(found(NaN))).toBe(30_000);
    expect(await life(found(-1))).toBe(30_000);
  });

  it('spreads lives evenly by a tenth either way', async () => {
    const random = createSeededRandom(7);
    const lives = await Promise.all(Array.from({ length: 2_000 }, () => life(found(100_000), random)));
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(90_000);
    expect(Math.max(...lives)).toBeLessThanOrEqual(110_000);
    // Uniform over 20 s: the mean of 2,000 has a standard deviation of 20_000 / sqrt(12 · 2_000) = 129; five of them.
    expect(Math.abs(lives.reduce((a, b) => a + b) / 2_000 - 100_000)).toBeLessThan(646);
  });

  it('works for a clock that starts at zero', async () => {
    const { cache, asked, clock } = setUp(async () => found(10_000), { startMs: 0 });
    await cache.ask('a');
    clock.advance(10_001);
    await cache.ask('a');
    expect(asked).toHaveLength(2);
  });

  it('asks ahead of time without taking the known answer away meanwhile', async () => {
    const answers: ((answer: CheckedAnswer) => void)[] = [];
    const { cache } = setUp(() => new Promise((resolve) => answers.push(resolve)));
    const first = cache.ask('a');
    answers[0]?.(found());
    await first;
    const ahead = cache.ask('a', { ahead: true });
    expect((await cache.ask('a')).answer).toBe((await first).answer);
    answers[1]?.(none());
    expect((await ahead).answer.endpoints).toHaveLength(0);
  });

  it('does not take a failure for an answer, and does not ask again until the backoff is over', async () => {
    let up = false;
    const { cache, asked, clock } = setUp(async () => {
      if (!up) throw new Error('down');
      return found();
    });
    for (let i = 0; i < 50; i++) await expect(cache.ask('a')).rejects.toThrow('down');
    expect(asked).toHaveLength(1);
    expect(cache.peek('a')).toBeUndefined();
    // Half a base, and full jitter's middle of the first step: 125 + 0.5 · 250.
    expect(cache.retryInMs('a')).toBe(250);
    clock.advance(250);
    await expect(cache.ask('a')).rejects.toThrow('down');
    expect(cache.retryInMs('a')).toBe(375);
    up = true;
    clock.advance(375);
    await cache.ask('a');
    expect(cache.retryInMs('a')).toBe(0);
    expect(asked).toHaveLength(3);
  });

  it('waits between failures at least half a base and at most the cap, with jitter at the cap too', async () => {
    const { cache, clock } = setUp(() => Promise.reject(new Error('down')), { random: createSeededRandom(3) });
    const waits: number[] = [];
    for (let i = 0; i < 200; i++) {
      await cache.ask('a').catch(() => {});
      waits.push(cache.retryInMs('a'));
      clock.advance(cache.retryInMs('a'));
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(125);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
    expect(new Set(waits.slice(10).map(Math.round)).size).toBeGreaterThan(180);
  });

  it('keeps a stale answer for peeking while asking fails, up to its limit', async () => {
    let up = true;
    const { cache, clock } = setUp(async () => {
      if (!up) throw new Error('down');
      return found();
    });
    const { answer } = await cache.ask('a');
    up = false;
    clock.advance(40_000);
    await expect(cache.ask('a')).rejects.toThrow('down');
    expect(cache.peek('a')?.answer).toBe(answer);
    clock.advance(SETTINGS.staleMs - 40_000);
    expect(cache.peek('a')?.answer).toBe(answer);
    clock.advance(1);
    expect(cache.peek('a')).toBeUndefined();
  });

  it('gives up a question that hangs, tells it so, and asks the next although it never ends', async () => {
    const signals: AbortSignal[] = [];
    const { cache, clock } = setUp((_key, signal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise(() => {}) : Promise.resolve(found());
    });
    const hanging = cache.ask('a');
    const outcome = expect(hanging).rejects.toThrow('no answer within 10000 ms');
    await clock.advanceAsync(10_000);
    await outcome;
    expect(signals[0]?.aborted).toBe(true);
    clock.advance(250);
    await cache.ask('a');
    expect(signals[1]?.aborted).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('abandons what is out when it closes, and leaves no timer', async () => {
    let signal: AbortSignal | undefined;
    const { cache, clock } = setUp((_key, given) => {
      signal = given;
      return new Promise(() => {});
    });
    const asking = cache.ask('a');
    const outcome = expect(asking).rejects.toThrow();
    cache.close();
    await outcome;
    expect(signal?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    await expect(cache.ask('a')).rejects.toThrow('abandoned');
  });

  it('holds no more questions than allowed', async () => {
    const { cache, asked } = setUp(async () => found(), { maxQuestions: 1 });
    await cache.ask('a');
    await cache.ask('b');
    await cache.ask('a');
    expect(asked).toEqual(['a', 'b', 'a']);
  });
});

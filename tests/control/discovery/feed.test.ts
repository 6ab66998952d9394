import { describe, expect, it } from '@jest/globals';

import { UNKNOWN_RESOLUTION, type Resolution } from '../../../src/core/resolution.js';
import type { Receiver, Resolver, ResolverAnswer, WatchContext } from '../../../src/core/resolver.js';
import { feedContext } from '../../../src/control/discovery/feed-context.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createManualResolver } from '../../../src/testing/manual-resolver.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { endpoints, ids, scriptedProber, startFeed, type Step } from './feed-harness.js';

const FOUR = { endpoints: endpoints(4) };
const NONE = { endpoints: [] };
const DOWN = new Error('registry down');

function probe(...steps: Step[]) {
  const clock = createFakeClock();
  const prober = scriptedProber(clock, ...steps);
  return { prober, ...startFeed(prober, { clock }) };
}

describe('a feed of a prober', () => {
  it('knows nothing, then what was found', async () => {
    const { feed, clock, changes } = probe(FOUR);
    expect(feed.resolution()).toBe(UNKNOWN_RESOLUTION);
    await clock.advanceAsync(0);
    expect(feed.resolution()).toMatchObject({ status: 'found', answeredAtMs: 1_000, error: undefined });
    expect(ids(feed.resolution())).toEqual(FOUR.endpoints);
    expect(changes).toEqual([feed.resolution()]);
  });

  it('says none for a first empty answer', async () => {
    const { feed, clock } = probe(NONE);
    await clock.advanceAsync(0);
    expect(feed.resolution().status).toBe('none');
  });

  it('asks ahead of expiry, within the bounds of the time to live', async () => {
    const { prober, clock } = probe({ ...FOUR, ttlMs: 60_000 }, { ...FOUR, ttlMs: 1 }, { ...FOUR, ttlMs: 1e9 }, FOUR);
    await clock.advanceAsync(500_000);
    const waits = prober.askedAtMs.map((at, i) => at - (prober.askedAtMs[i - 1] ?? 0)).slice(1, 5);
    expect(waits).toEqual([54_000, 4_500, 270_000, 27_000]);
  });

  it('keeps the array when an answer says the same in another order, and notes that it was confirmed', async () => {
    const { feed, clock, changes, answers } = probe(FOUR, { endpoints: [...FOUR.endpoints].reverse() });
    await clock.advanceAsync(0);
    const before = feed.resolution().endpoints;
    await clock.advanceAsync(27_000);
    expect(feed.resolution().endpoints).toBe(before);
    expect(feed.resolution().answeredAtMs).toBe(28_000);
    expect(changes).toHaveLength(1);
    expect(answers).toEqual([4, 4]);
  });

  it('publishes a new array when a field changes, with the very objects of those that did not', async () => {
    const { feed, clock } = probe(
      { endpoints: ['a:1', 'b:1'] },
      { endpoints: ['a:1', { host: 'b', port: 1, weight: 2 }] },
    );
    await clock.advanceAsync(0);
    const [a, b] = feed.resolution().endpoints;
    await clock.advanceAsync(27_000);
    const [sameA, newB] = feed.resolution().endpoints;
    expect(sameA).toBe(a);
    expect(newB).not.toBe(b);
    expect(newB).toMatchObject({ id: b?.id, weight: 2 });
  });

  it('tells waiting callers the cause of the first failure, and retries from a quarter of a second', async () => {
    const { prober, feed, clock, changes, errors } = probe(DOWN, DOWN, FOUR);
    await clock.advanceAsync(0);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ status: 'failed', error: DOWN, failingSinceMs: 1_000, answeredAtMs: undefined });
    await clock.advanceAsync(2_000);
    // 125 + 0.5 · 250, then 125 + 0.5 · 500.
    expect(prober.askedAtMs).toEqual([1_000, 1_250, 1_625]);
    expect(errors).toEqual([DOWN, DOWN]);
    expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined, failingSinceMs: undefined });
    expect(changes.map(({ status }) => status)).toEqual(['failed', 'found']);
  });

  it('serves stale endpoints with their age while asking fails, and says failed when they are too old', async () => {
    const { feed, clock, changes } = probe(FOUR, DOWN);
    await clock.advanceAsync(0);
    const known = feed.resolution().endpoints;
    await clock.advanceAsync(86_399_999);
    expect(feed.resolution()).toMatchObject({
      status: 'found',
      error: DOWN,
      answeredAtMs: 1_000,
      failingSinceMs: 28_000,
    });
    expect(feed.resolution().endpoints).toBe(known);
    await clock.advanceAsync(1);
    expect(feed.resolution()).toMatchObject({ status: 'failed', endpoints: [], error: DOWN, failingSinceMs: 28_000 });
    expect(changes.map(({ status, error }) => [status, error === undefined])).toEqual([
      ['found', true],
      ['found', false],
      ['failed', false],
    ]);
  });

  it('does not retry in a spin however long the source is down', async () => {
    const { prober, clock } = probe(DOWN);
    await clock.advanceAsync(3_600_000);
    // Steps double to 30 s within 8 failures; after that the middle of the jitter is 15 s.
    expect(prober.askedAtMs.length).toBeLessThan(260);
    expect(prober.askedAtMs.length).toBeGreaterThan(230);
  });

  it('no longer says that nobody serves the name once it cannot ask', async () => {
    const { feed, clock } = probe(NONE, DOWN);
    await clock.advanceAsync(0);
    expect(feed.resolution().status).toBe('none');
    await clock.advanceAsync(4_500);
    expect(feed.resolution()).toMatchObject({ status: 'failed', error: DOWN });
  });

  it('abandons a question that hangs, and asks again although the resolver ignores its signal', async () => {
    const { prober, feed, clock } = probe('hang', FOUR);
    await clock.advanceAsync(9_999);
    expect(feed.resolution().status).toBe('unknown');
    await clock.advanceAsync(1);
    expect(feed.resolution().status).toBe('failed');
    expect(String(feed.resolution().error)).toContain('no answer within 10000 ms');
    expect(prober.signals[0]?.aborted).toBe(true);
    await clock.advanceAsync(250);
    expect(feed.resolution().status).toBe('found');
  });

  it('ignores the late answer of a question it has given up', async () => {
    let late: (answer: ResolverAnswer) => void = () => {};
    const { feed, clock } = probe(() => new Promise((resolve) => (late = resolve)), FOUR);
    await clock.advanceAsync(10_250);
    late({ endpoints: ['late:1'] });
    await clock.advanceAsync(0);
    expect(ids(feed.resolution())).toEqual(FOUR.endpoints);
  });

  it('keeps back an empty answer for the grace while asking sooner, and says so', async () => {
    const { prober, feed, clock, changes } = probe(FOUR, NONE);
    await clock.advanceAsync(27_000);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty', answeredAtMs: 1_000 });
    await clock.advanceAsync(29_999);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty' });
    expect(prober.askedAtMs.filter((at) => at >= 28_000)).toHaveLength(7);
    await clock.advanceAsync(1);
    expect(feed.resolution()).toMatchObject({ status: 'none', held: undefined, endpoints: [] });
    expect(changes.map(({ status, held }) => [status, held])).toEqual([
      ['found', undefined],
      ['found', 'empty'],
      ['none', undefined],
    ]);
  });

  it('drops its doubts when a good answer follows', async () => {
    const { feed, clock } = probe(FOUR, NONE, FOUR);
    await clock.advanceAsync(60_000);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: undefined });
  });

  it('applies a shrunk answer when it repeats', async () => {
    const { feed, clock } = probe(FOUR, { endpoints: endpoints(1) });
    await clock.advanceAsync(27_000);
    expect(feed.resolution()).toMatchObject({ held: 'shrunk', endpoints: { length: 4 } });
    await clock.advanceAsync(5_000);
    expect(feed.resolution()).toMatchObject({ held: undefined, endpoints: { length: 1 } });
  });

  it('believes an authoritative empty answer at once', async () => {
    const { feed, clock } = probe(FOUR, { ...NONE, authoritative: true });
    await clock.advanceAsync(27_000);
    expect(feed.resolution()).toMatchObject({ status: 'none', held: undefined });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an array', []],
    ['a text', 'h:1'],
    ['endpoints that are no array', { endpoints: { 0: 'h:1' } }],
    ['too many endpoints', { endpoints: Array.from({ length: 10_001 }, (_, i) => `h${i}:1`) }],
    ['endpoints of which none can be used', { endpoints: ['a b', 'h:0'] }],
  ])('takes %s for a failure to ask, never for an empty answer', async (_name, answer) => {
    const { feed, clock } = probe(() => Promise.resolve(answer));
    await clock.advanceAsync(0);
    expect(feed.resolution().status).toBe('failed');
  });

  it('survives a resolver that throws at once, rejects with nothing, or answers without a promise', async () => {
    const thrower = probe(() => {
      throw DOWN;
    });
    await thrower.clock.advanceAsync(0);
    expect(thrower.feed.resolution().error).toBe(DOWN);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is what is tested
    const silent = probe(() => Promise.reject());
    await silent.clock.advanceAsync(0);
    expect(silent.feed.resolution()).toMatchObject({ status: 'failed' });
    expect(silent.feed.resolution().error).toBeDefined();
    const direct = probe(() => FOUR);
    await direct.clock.advanceAsync(0);
    expect(direct.feed.resolution().status).toBe('found');
  });

  it('takes 10,000 endpoints', async () => {
    const { feed, clock } = probe({ endpoints: Array.from({ length: 10_000 }, (_, i) => `h${i}:1`) });
    await clock.advanceAsync(0);
    expect(feed.resolution().endpoints).toHaveLength(10_000);
  });

  it('leaves out bad and duplicate endpoints, and reports them once', async () => {
    const { feed, clock, refused } = probe({
      endpoints: ['a:1', 'http://user:secret@b', { host: 'a', port: 1, weight: 5 }],
    });
    await clock.advanceAsync(60_000);
    expect(ids(feed.resolution())).toEqual(['a:1']);
    expect(feed.resolution().endpoints[0]?.weight).toBe(1);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('must be'),
      'another endpoint has the id http://a:1',
    ]);
    expect(JSON.stringify(refused)).not.toContain('secret');
  });

  describe('refresh', () => {
    it('asks at once, and later calls lead to one more question when the interval is over', async () => {
      const { prober, feed, clock } = probe(FOUR);
      await clock.advanceAsync(10_000);
      expect(feed.refresh()).toBe(true);
      for (let i = 0; i < 1_000; i++) expect(feed.refresh()).toBe(false);
      await clock.advanceAsync(20_000);
      expect(prober.askedAtMs).toEqual([1_000, 11_000, 16_000]);
    });

    it('asks in no spin when no interval is set, not even a source that answers at once', async () => {
      const clock = createFakeClock();
      const prober = scriptedProber(clock, FOUR);
      const { feed } = startFeed(prober, { clock, settings: { minRefreshIntervalMs: 0 } });
      for (let ms = 0; ms < 1_000; ms++) {
        feed.refresh();
        await clock.advanceAsync(1);
      }
      // The first question, and one every 100 ms.
      expect(prober.askedAtMs).toHaveLength(11);
    });

    it('does not postpone a question that is due sooner anyway', async () => {
      const { prober, feed, clock } = probe({ ...FOUR, ttlMs: 1 });
      await clock.advanceAsync(4_000);
      feed.refresh();
      await clock.advanceAsync(500);
      expect(prober.askedAtMs).toEqual([1_000, 5_500]);
    });

    it('waits for the backoff of a source that is down', async () => {
      const { prober, feed, clock } = probe(DOWN);
      await clock.advanceAsync(0);
      for (let ms = 0; ms < 60_000; ms += 10) {
        feed.refresh();
        await clock.advanceAsync(10);
      }
      const calm = probe(DOWN);
      await calm.clock.advanceAsync(60_000);
      expect(prober.askedAtMs).toEqual(calm.prober.askedAtMs);
    });

    it('does nothing before the start and after the end', async () => {
      const { feed, clock, prober } = probe(FOUR);
      await clock.advanceAsync(10_000);
      feed.close();
      expect(feed.refresh()).toBe(false);
      await clock.advanceAsync(100_000);
      expect(prober.askedAtMs).toHaveLength(1);
    });
  });

  it('leaves nothing behind when it closes, in whatever state', async () => {
    for (const steps of [[FOUR], [DOWN], ['hang'], [FOUR, NONE], [FOUR, DOWN]] satisfies Step[][]) {
      for (const atMs of [0, 27_000, 40_000]) {
        const { prober, feed, clock, changes } = probe(...steps);
        await clock.advanceAsync(atMs);
        const heard = changes.length;
        feed.close();
        feed.close();
        await clock.advanceAsync(100_000);
        expect(clock.pendingTimers).toBe(0);
        expect(changes).toHaveLength(heard);
        if (steps[0] === 'hang') expect(prober.signals.every(({ aborted }) => aborted)).toBe(true);
      }
    }
  });

  it('may be closed by whoever listens', async () => {
    const clock = createFakeClock();
    const { feed, changes } = startFeed(scriptedProber(clock, FOUR), { clock });
    changes.push = (resolution: Resolution) => {
      feed.close();
      return Array.prototype.push.call(changes, resolution);
    };
    await clock.advanceAsync(100_000);
    expect(changes).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('starts from what was known before, which an empty answer does not wipe out', async () => {
    const earlier = startFeed(createManualResolver(endpoints(4))).feed.resolution();
    const clock = createFakeClock();
    const initial = { ...earlier, answeredAtMs: -3_600_000 };
    const { feed } = startFeed(scriptedProber(clock, DOWN, NONE), { clock, initial });
    expect(feed.resolution().endpoints).toBe(earlier.endpoints);
    await clock.advanceAsync(5_000);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty', answeredAtMs: -3_600_000 });
  });
});

describe('a feed of a watcher', () => {
  it('has the answer when start returns, if the watcher knows it', () => {
    const { feed } = startFeed(createManualResolver(['a:1']));
    expect(feed.resolution().status).toBe('found');
  });

  it('follows updates and errors with the same semantics', async () => {
    const resolver = createManualResolver();
    const { feed, clock } = startFeed(resolver);
    resolver.set(endpoints(4));
    resolver.fail(DOWN);
    expect(feed.resolution()).toMatchObject({ status: 'found', error: DOWN });
    resolver.set([]);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty', error: undefined });
    clock.advance(30_000);
    expect(feed.resolution()).toMatchObject({ status: 'none', answeredAtMs: 1_000 });
    resolver.set(endpoints(1));
    expect(feed.resolution().status).toBe('found');
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not believe an emptiness that was followed by failures', () => {
    const resolver = createManualResolver(endpoints(4));
    const { feed, clock } = startFeed(resolver);
    resolver.set([]);
    resolver.fail(DOWN);
    clock.advance(60_000);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty' });
  });

  it('takes a wrong shape for an error', () => {
    const resolver = createManualResolver();
    const { feed } = startFeed(resolver);
    resolver.set(['h:0']);
    expect(feed.resolution().status).toBe('failed');
  });

  it('reports a watcher that stays silent', () => {
    const { feed, clock } = startFeed({ kind: 'silent', watch: () => {} });
    clock.advance(9_999);
    expect(feed.resolution().status).toBe('unknown');
    clock.advance(1);
    expect(feed.resolution().status).toBe('failed');
    expect(clock.pendingTimers).toBe(0);
  });

  it('ignores what comes after the end, and aborts the signal', () => {
    let receiver: Receiver | undefined;
    let context: WatchContext | undefined;
    const watcher: Resolver = {
      kind: 'kept',
      watch: (given, ctx) => {
        receiver = given;
        context = ctx;
      },
    };
    const { feed, clock, changes } = startFeed(watcher);
    feed.close();
    expect(context?.signal.aborted).toBe(true);
    receiver?.update({ endpoints: ['a:1'] });
    receiver?.error(DOWN);
    expect(changes).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['throws', () => { throw DOWN; }], // prettier-ignore
    ['rejects', () => Promise.reject(DOWN)],
  ])('starts a watcher again that %s, after a backoff', async (_how, crash) => {
    const startedAtMs: number[] = [];
    const clock = createFakeClock();
    const { feed, errors } = startFeed(
      {
        kind: 'crashing',
        watch: (receiver) => {
          startedAtMs.push(clock.now());
          if (startedAtMs.length < 3) return crash() as unknown as void;
          receiver.update({ endpoints: ['a:1'] });
        },
      },
      { clock },
    );
    await clock.advanceAsync(0);
    expect(feed.resolution()).toMatchObject({ status: 'failed', error: DOWN });
    await clock.advanceAsync(10_000);
    expect(startedAtMs).toEqual([1_000, 1_250, 1_625]);
    expect(errors).toEqual([DOWN, DOWN]);
    expect(feed.resolution().status).toBe('found');
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks a watcher that takes part in it again, at most once per interval, and one that was too early later', () => {
    const clock = createFakeClock();
    const askedAtMs: number[] = [];
    const watcher: Resolver = {
      kind: 'asked',
      watch: (receiver, ctx) => {
        receiver.update(FOUR);
        feedContext(ctx).onRefresh(() => askedAtMs.push(clock.now()));
      },
    };
    const { feed } = startFeed(watcher, { clock });
    for (let ms = 0; ms < 11_000; ms += 100) {
      feed.refresh();
      clock.advance(100);
    }
    expect(askedAtMs).toEqual([1_000, 6_000, 11_000]);
    feed.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('has nothing to refresh', () => {
    expect(startFeed(createManualResolver(['a:1'])).feed.refresh()).toBe(false);
  });
});

describe('createFeed', () => {
  it('refuses what is no resolver', () => {
    expect(() => startFeed({ kind: 'x' } as unknown as Resolver)).toThrow(/ERR_INVALID_OPTION: resolver/);
  });

  it('spreads the questions of clients that started together', async () => {
    const secondQuestions = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      const clock = createFakeClock();
      const prober = scriptedProber(clock, FOUR);
      const { feed } = startFeed(prober, { clock, random: createSeededRandom(seed) });
      await clock.advanceAsync(30_000);
      secondQuestions.add(prober.askedAtMs[1] as number);
      feed.close();
    }
    expect(secondQuestions.size).toBeGreaterThan(80);
  });
});

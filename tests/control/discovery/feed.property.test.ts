import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { UNKNOWN_RESOLUTION } from '../../../src/core/resolution.js';
import type { Resolver, ResolverAnswer } from '../../../src/core/resolver.js';
import { firstOf } from '../../../src/control/resolvers/first-of.js';
import { merge } from '../../../src/control/resolvers/merge.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createManualResolver } from '../../../src/testing/manual-resolver.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { endpoints, startFeed } from './feed-harness.js';
import { SETTINGS } from './settings.js';

/** A stale limit within reach of a run. */
const STALE_MS = 120_000;

/** minTtlMs, less the jitter, less the tenth by which the feed asks ahead. */
const FLOOR_MS = SETTINGS.minTtlMs * (1 - SETTINGS.jitterRatio) * 0.9;

const RUN_MS = 400_000;

/** Sums of fractional milliseconds. */
const ROUNDING_MS = 1e-6;

type What = number | 'error' | 'hang' | 'garbage' | 'throw' | 'late';

interface Run {
  readonly script: readonly { readonly what: What; readonly tookMs: number; readonly ttlMs: number }[];
  readonly refreshesAtMs: readonly number[];
  readonly seed: number;
}

const what = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }) },
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom('error' as const, 'hang' as const, 'garbage' as const) },
  { weight: 1, arbitrary: fc.constantFrom('throw' as const, 'late' as const) },
);
const runs: fc.Arbitrary<Run> = fc.record({
  script: fc.array(
    fc.record({ what, tookMs: fc.integer({ min: 0, max: 9_000 }), ttlMs: fc.integer({ min: 0, max: 400_000 }) }),
    { minLength: 1, maxLength: 40 },
  ),
  refreshesAtMs: fc.array(fc.integer({ min: 0, max: RUN_MS }), { maxLength: 40 }),
  seed: fc.nat(),
});

describe('a feed, whatever its source does', () => {
  it('never drops to zero before the grace, never asks faster than the floor, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async ({ script, refreshesAtMs, seed }) => {
        const clock = createFakeClock();
        /** When each question was asked, and when and how it ended for the feed. */
        const questions: { askedAtMs: number; endedAtMs: number | undefined; ok: boolean; count: number }[] = [];
        const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(() => resolve(), ms));
        let scriptTimers = 0;

        const resolver: Resolver = {
          kind: 'scripted',
          resolve({ signal }) {
            const step = script[questions.length % script.length] as Run['script'][number];
            const question = {
              askedAtMs: clock.now(),
              endedAtMs: undefined as number | undefined,
              ok: false,
              count: 0,
            };
            questions.push(question);
            const end = (): void => void (question.endedAtMs ??= clock.now());
            signal.addEventListener('abort', end);
            if (step.what === 'throw') {
              end();
              throw new Error('thrown');
            }
            if (step.what === 'hang') return new Promise(() => {});
            scriptTimers++;
            // 'late' answers after the feed has given up, with an emptiness that must not be heard.
            return after(step.what === 'late' ? 15_000 : step.tookMs).then((): ResolverAnswer => {
              scriptTimers--;
              end();
              if (step.what === 'error') throw new Error('could not ask');
              if (step.what === 'garbage') return { endpoints: ['h:0'] };
              if (step.what === 'late') return { endpoints: [] };
              question.ok = true;
              question.count = step.what as number;
              return { endpoints: endpoints(question.count), ttlMs: step.ttlMs };
            });
          },
        };
        let before = UNKNOWN_RESOLUTION;
        const { feed, changes } = startFeed(resolver, {
          clock,
          random: createSeededRandom(seed),
          settings: { staleMs: STALE_MS },
          onChange(now) {
            if (before.status === 'found' && now.status === 'none') {
              const graceAgoMs = clock.now() - SETTINGS.emptyGraceMs;
              const recent = questions.filter(
                ({ endedAtMs }) => endedAtMs !== undefined && endedAtMs > graceAgoMs + ROUNDING_MS,
              );
              expect(recent.every(({ ok, count }) => ok && count === 0)).toBe(true);
            }
            if (before.status === 'found' && now.status === 'failed') {
              expect(clock.now() - (before.answeredAtMs as number)).toBeGreaterThanOrEqual(STALE_MS - ROUNDING_MS);
            }
            expect(now.status === 'found').toBe(now.endpoints.length > 0);
            before = now;
          },
        });

        for (const atMs of [...refreshesAtMs, RUN_MS].sort((a, b) => a - b)) {
          await clock.advanceAsync(1_000 + atMs - clock.now());
          feed.refresh();
          // One timer asks or waits for the answer, one watches grace or age.
          expect(clock.pendingTimers - scriptTimers).toBeLessThanOrEqual(2);
        }

        questions.slice(1).forEach((question, i) => {
          const previous = questions[i] as (typeof questions)[number];
          const endedAtMs = previous.endedAtMs as number;
          // One at a time.
          expect(question.askedAtMs).toBeGreaterThanOrEqual(endedAtMs - ROUNDING_MS);
          if (previous.ok) expect(question.askedAtMs - previous.askedAtMs).toBeGreaterThanOrEqual(FLOOR_MS - 1);
          else expect(question.askedAtMs - endedAtMs).toBeGreaterThanOrEqual(SETTINGS.retryBaseMs / 2 - ROUNDING_MS);
        });

        feed.close();
        expect(clock.pendingTimers).toBe(scriptTimers);
        const heard = changes.length;
        await clock.advanceAsync(100_000);
        expect(changes).toHaveLength(heard);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it.each([
    ['firstOf', firstOf],
    ['merge', merge],
  ])('is never emptied by %s while a source in use has endpoints', (_name, combine) => {
    const step = fc.record({
      source: fc.nat({ max: 2 }),
      what: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom('error' as const, 'garbage' as const)),
      afterMs: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const sources = [createManualResolver(), createManualResolver(), createManualResolver()];
        const { feed, clock, changes } = startFeed(combine(...sources));
        for (const { source, what: does, afterMs } of steps) {
          const resolver = sources[source];
          if (does === 'error') resolver?.fail(new Error('down'));
          else resolver?.set(does === 'garbage' ? ['h:0'] : endpoints(does));
          clock.advance(afterMs);
        }
        // A set goes to nobody only after some source was empty for its grace; never by failing, at this age.
        const statuses = changes.map(({ status }) => status);
        const firstFound = statuses.indexOf('found');
        if (firstFound >= 0) {
          const emptied = statuses.indexOf('none', firstFound);
          const failed = statuses.indexOf('failed', firstFound);
          if (failed >= 0) expect(emptied >= 0 && emptied < failed).toBe(true);
          if (emptied >= 0) expect(steps.some(({ what: does }) => does === 0)).toBe(true);
        }
        feed.close();
        expect(clock.pendingTimers).toBe(0);
        expect(sources.map(({ watchers }) => watchers)).toEqual([0, 0, 0]);
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { ids, startFeed } from '../discovery/feed-harness.js';
import { fakeFetch, fakeStream, type FakeStream } from './fake-registry.js';

/** What a registry does to a stream that is open, one after the other; then it shows that it lives, for ever. */
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('list' as const), size: fc.integer({ min: 1, max: 4 }) }) },
  fc.record({ kind: fc.constantFrom('comment', 'garbage', 'half', 'type', 'retry') }),
);
const stream = fc.record({
  opening: fc.constantFrom('opens', 'opens', 'opens', 'hangs', 'refuses', 'breaks', 'mute'),
  acts: fc.array(fc.tuple(fc.integer({ min: 0, max: 10_000 }), act), { maxLength: 4 }),
  end: fc.constantFrom('stays', 'ends', 'breaks'),
});

const TARGETS = ['a:1', 'b:1', 'c:1', 'd:1'];

describe('a registry that pushes, whatever it does', () => {
  it('is never asked in a spin, never empties the list, recovers when it does, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stream, { maxLength: 6 }), fc.integer(), async (script, seed) => {
        const clock = createFakeClock();
        const opened: FakeStream[] = [];
        const openedAtMs: number[] = [];

        async function play({ acts, end }: (typeof script)[number], made: FakeStream): Promise<void> {
          const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms));
          for (const [ms, each] of acts) {
            await wait(ms);
            if (made.cancelled) return;
            if (each.kind === 'list') made.list(TARGETS.slice(0, (each as { size: number }).size), `${ms}`);
            else if (each.kind === 'comment') made.send(':\n');
            else if (each.kind === 'garbage') made.send('data: {"targets"\n\n');
            else if (each.kind === 'half') made.send('data: [');
            else if (each.kind === 'type') made.send('event: other\ndata: []\n\n');
            else made.send('retry: 3000\n');
          }
          await wait(100);
          if (made.cancelled) return;
          if (end === 'ends') made.end();
          if (end === 'breaks') made.break(new Error('broke off'));
        }

        const { fetch } = fakeFetch((_, count) => {
          openedAtMs.push(clock.now());
          const course = script[count - 1] ?? { opening: 'opens', acts: [], end: 'stays' };
          if (course.opening === 'hangs') return new Promise(() => {});
          if (course.opening === 'breaks') throw new Error('ECONNREFUSED');
          if (course.opening === 'refuses') return new Response('', { status: 503 });
          const made = fakeStream();
          opened.push(made);
          if (course.opening === 'opens') made.list(TARGETS);
          void play(course, made);
          return made.response;
        });
        const counts: number[] = [];
        const { feed } = startFeed(registryResolver({ url: 'http://registry/', fetch, sse: true }), {
          clock,
          random: createSeededRandom(seed),
          onChange: ({ status, endpoints }) => {
            if (status === 'found' || counts.length > 0) counts.push(endpoints.length);
          },
        });
        await clock.advanceAsync(900_000, { eventLoop: true });

        // The script is over by then: six streams of 40 s, with a silence of 45 s and a backoff of half a minute after each.
        expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined });
        expect(ids(feed.resolution())).toEqual(TARGETS);
        expect(counts.every((count) => count > 0)).toBe(true);
        const gaps = openedAtMs.slice(1).map((at, i) => at - (openedAtMs[i] as number));
        // Half of the least interval is fixed, the rest of a backoff is chance.
        expect(Math.min(...gaps, 250)).toBeGreaterThanOrEqual(250);
        // One stream at a time, or none between two of them.
        expect(opened.filter(({ over }) => !over).length).toBeLessThanOrEqual(1);
        feed.close();
        // What the script itself still waits for ends within its longest pause.
        await clock.advanceAsync(200_000, { eventLoop: true });
        expect(clock.pendingTimers).toBe(0);
        expect(opened.filter(({ over }) => !over)).toHaveLength(0);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

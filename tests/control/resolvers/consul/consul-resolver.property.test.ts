import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { watchAgent, type Reply } from './agent-double.js';

const HTML = { 'content-type': 'text/html' };
const LEADERLESS = { 'x-consul-knownleader': 'false' };

const reply: fc.Arbitrary<Reply> = fc.record({
  after: fc.constantFrom(0, 0, 1, 400, 500, 5_000, 60_000, 63_750, Infinity),
  status: fc.constantFrom(200, 200, 200, 200, 403, 404, 429, 500),
  index: fc.oneof(fc.integer({ min: -1, max: 12 }), fc.constantFrom('', 'abc', '007', '9'.repeat(20), undefined)),
  body: fc.constantFrom<readonly number[] | string>([80], [80], [80, 81], [], '{}', 'no json', '[null]'),
  headers: fc.constantFrom({}, LEADERLESS, HTML),
  breaks: fc.constantFrom(false, false, false, true),
});

/** Whether the resolver may learn from this reply. */
function isAnswer({ status, body, headers, breaks, after }: Reply): boolean {
  if (breaks === true || after === Infinity || status !== 200 || headers === HTML) return false;
  if (typeof body === 'string') return body === '[null]';
  return body?.length !== 0 || headers !== LEADERLESS;
}

describe('consulResolver, before an agent that does anything', () => {
  it('names only the index of the answer before, never asks faster than four times a second, and ends clean', async () => {
    const scripts = fc.array(reply, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(scripts, fc.array(fc.nat(20_000)), fc.integer(), async (script, refreshes, seed) => {
        const replyTo = (n: number): Reply => script[Math.min(n, script.length - 1)]!;
        const agent = watchAgent(script, {}, createSeededRandom(seed));
        for (const ms of refreshes) {
          await agent.run(ms);
          agent.refresh();
        }
        await agent.run(300_000);
        agent.stop();
        const { questions } = agent;
        const asked = questions.length;

        questions.forEach(({ index }, n) => {
          if (index === null) return;
          expect(n).toBeGreaterThan(0);
          expect(isAnswer(replyTo(n - 1))).toBe(true);
          expect(index).toBe(String(replyTo(n - 1).index));
          expect(Number(index)).toBeGreaterThanOrEqual(1);
          expect(Number(index)).toBeGreaterThanOrEqual(Number(questions[n - 1]!.index));
        });
        // Half of half a second is the least that full jitter can come to after a failure.
        expect(Math.min(...agent.gaps(), Infinity)).toBeGreaterThanOrEqual(250);
        expect(agent.answers.length).toBeLessThanOrEqual(questions.filter((_, n) => isAnswer(replyTo(n))).length);
        expect(agent.answers.every(({ authoritative }) => authoritative === undefined)).toBe(true);

        // The double's own timers end within that time.
        await agent.run(100_000);
        expect(questions).toHaveLength(asked);
        expect(agent.clock.pendingTimers).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

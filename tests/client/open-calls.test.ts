import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createOpenCalls, type OpenCall } from '../../src/client/open-calls.js';

const call = { wake: () => {}, place: -1 };
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 5; turns++) await Promise.resolve();
};

describe('open calls', () => {
  it('are over at once when there are none', async () => {
    await expect(createOpenCalls(() => 0).over()).resolves.toBeUndefined();
  });

  it('are over exactly when no call is open and nothing is in flight, in whatever order they end', async () => {
    const step = fc.constantFrom('begin', 'end', 'send', 'settle');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        let inFlight = 1;
        const open: OpenCall[] = [];
        const calls = createOpenCalls(() => inFlight);
        let over = false;
        void calls.over().then(() => (over = true));
        let expected = false;
        for (const name of steps) {
          if (name === 'begin') {
            open.push({ ...call });
            calls.began(open.at(-1) as typeof call);
          } else if (name === 'end' && open.length > 0) {
            // Not always the youngest.
            calls.ended(open.splice(open.length >> 1, 1)[0] as OpenCall);
          } else if (name === 'send') {
            inFlight++;
          } else if (name === 'settle' && inFlight > 0) {
            inFlight--;
            calls.settled();
          }
          expected ||= open.length === 0 && inFlight === 0;
          await settle();
          expect(over).toBe(expected);
        }
      }),
    );
  });

  it('are woken all, but not those that have ended', () => {
    const woken: string[] = [];
    const calls = createOpenCalls(() => 0);
    const [a, b] = ['a', 'b'].map((name) => ({ ...call, wake: () => void woken.push(name) })) as [
      typeof call,
      typeof call,
    ];
    calls.began(a);
    calls.began(b);
    calls.ended(a);
    calls.wakeAll();
    expect(woken).toEqual(['b']);
  });

  it('end once: a second end takes no other call with it', () => {
    const woken: string[] = [];
    const calls = createOpenCalls(() => 0);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ ...call, wake: () => void woken.push(name) }));
    for (const one of [a, b, c]) calls.began(one as OpenCall);
    calls.ended(a as OpenCall);
    calls.ended(a as OpenCall);
    calls.wakeAll();
    expect(woken.sort()).toEqual(['b', 'c']);
  });
});

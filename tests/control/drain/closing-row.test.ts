import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createClosingRow, FEWEST_CLOSINGS } from '../../../src/control/drain/closing-row.js';

/** Feeds answers, `.` for a kept connection and `x` for a closed one; the number of the first that convinced. */
function convincedAt(answers: string, inFlight = 1, msBetween = 0): number | undefined {
  const row = createClosingRow();
  for (let n = 0; n < answers.length; n++) if (row.note(answers[n] === 'x', inFlight, n * msBetween)) return n + 1;
  return undefined;
}

describe('closing answers in a row', () => {
  it.each([
    ['.xxx', 1, 4],
    ['.xx', 1, undefined],
    ['.xx.xx.xx', 1, undefined],
    ['.xxxx', 4, undefined],
    ['.xxxxx', 4, 6],
    ['xxxxxxxxxx', 1, undefined],
    ['xxxx.xxx', 1, 8],
  ])('%s with %i in flight', (answers, inFlight, expected) => {
    expect(convincedAt(answers, inFlight)).toBe(expected);
  });

  it('are measured by the connections of the last seconds, not by those of an hour ago', () => {
    const row = createClosingRow();
    row.note(false, 50, 0);
    row.note(false, 1, 9_999);
    for (let n = 0; n < 3; n++) expect(row.note(true, 1, 10_000)).toBe(false);
    const later = createClosingRow();
    later.note(false, 50, 0);
    later.note(false, 1, 30_000);
    expect([1, 2, 3].map(() => later.note(true, 1, 30_001))).toEqual([false, false, true]);
  });

  it('begin anew after a restart; twice without a kept connection, they are its way', () => {
    const row = createClosingRow();
    row.note(false, 1, 0);
    for (let n = 0; n < 3; n++) row.note(true, 1, 0);
    row.restart();
    expect([1, 2, 3].map(() => row.note(true, 1, 0))).toEqual([false, false, true]);
    row.restart();
    expect([1, 2, 3, 4, 5].map(() => row.note(true, 1, 0))).not.toContain(true);
    row.note(false, 1, 0);
    expect([1, 2, 3].map(() => row.note(true, 1, 0))).toEqual([false, false, true]);
  });

  it('never come of connections that are closed after so many requests, however these fall together', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.nat(7), { minLength: 1, maxLength: 200 }),
        (bound, callers, turns) => {
          // Each caller has a connection, and each connection so many requests; whose answer is next is arbitrary.
          const left = Array.from({ length: callers }, () => bound);
          const row = createClosingRow();
          for (const turn of turns) {
            const caller = turn % callers;
            left[caller]!--;
            const closes = left[caller] === 0;
            if (closes) left[caller] = bound;
            expect(row.note(closes, callers, 0)).toBe(false);
          }
        },
      ),
    );
  });

  it('of a server that has changed its mind convince after one more than there were connections', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (callers, before) => {
        const row = createClosingRow();
        for (let n = 0; n < before; n++) row.note(false, callers, 0);
        let closings = 1;
        while (!row.note(true, callers, 0)) closings++;
        expect(closings).toBe(Math.max(FEWEST_CLOSINGS, callers + 1));
      }),
    );
  });
});

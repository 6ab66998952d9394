import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DueQueue } from '../../src/kit/due-queue.js';

/** Earliest deadline first: everybody's next turn is 1 / weight after the last. */
function turns(weights: readonly number[], count: number): string {
  const queue = new DueQueue(Float64Array.from(weights, (weight) => 1 / weight));
  return Array.from({ length: count }, () => {
    const first = queue.first;
    queue.postponeFirst(queue.firstDue + 1 / weights[first]!);
    return 'abc'[first];
  }).join('');
}

describe('DueQueue', () => {
  it('gives turns by earliest deadline as gRPC does', () => {
    expect(turns([5, 1, 1], 7)).toBe('aaaaabc');
    expect(turns([4, 2, 1], 7)).toBe('aabaabc');
    expect(turns([1, 1, 1], 6)).toBe('abcabc');
  });

  it('is empty without anybody', () => {
    expect(new DueQueue(new Float64Array(0)).first).toBe(-1);
  });

  it('agrees with a search for the least, the first of equals', () => {
    const time = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 30 }), fc.array(time), (start, steps) => {
        const due = [...start];
        const queue = new DueQueue(Float64Array.from(start));
        for (const step of steps) {
          const least = Math.min(...due);
          expect([queue.first, queue.firstDue]).toEqual([due.indexOf(least), least]);
          due[queue.first] = least + step;
          queue.postponeFirst(least + step);
        }
      }),
    );
  });
});

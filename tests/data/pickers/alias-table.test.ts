import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createAliasTable } from '../../../src/data/pickers/alias-table.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { expectShares } from './picker-fixture.js';

/** Answers in turn. */
const scripted = (...values: number[]): { next(): number } => ({ next: () => values.shift()! });

/** The exact distribution: each column is entered with equal chance, and keeps an entrant whose second draw is below its share. */
function exactShares(weights: readonly number[]): number[] {
  const table = createAliasTable(weights);
  const count = weights.length;
  const shares = new Array<number>(count).fill(0);
  for (let column = 0; column < count; column++) {
    const enter = (column + 0.5) / count;
    let [low, high] = [0, 1];
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2;
      if (table.draw(scripted(enter, middle)) === column) low = middle;
      else high = middle;
    }
    shares[column]! += low / count;
    if (low < 1 - 1e-9) shares[table.draw(scripted(enter, 1 - 1e-12))]! += (1 - low) / count;
  }
  return shares;
}

describe('the alias table', () => {
  it('has exactly the distribution of its weights', () => {
    const weights = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        weights.filter((list) => list.some((weight) => weight > 1e-3)),
        (list) => {
          const total = list.reduce((sum, weight) => sum + weight, 0);
          exactShares(list).forEach((share, index) => expect(share).toBeCloseTo(list[index]! / total, 6));
        },
      ),
    );
  });

  it('draws them', () => {
    const table = createAliasTable([6, 0, 3, 1]);
    const random = createSeededRandom(3);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 40_000; draw++) counts[table.draw(random)]! += 1;
    expectShares(counts, [0.6, 0, 0.3, 0.1]);
  });
});

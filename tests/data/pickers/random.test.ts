import { describe, it } from '@jest/globals';

import { createRandomPicker } from '../../../src/data/pickers/random.js';
import { countPicks, endpoints, expectShares, makePicker } from './picker-fixture.js';

describe('random', () => {
  it('gives each endpoint its share by weight, whatever its load', () => {
    const picker = makePicker(createRandomPicker, endpoints([1, 3, 0.5, 5.5]));
    expectShares(countPicks(picker, 4, 40_000), [0.1, 0.3, 0.05, 0.55]);
  });

  it('keeps the shares of those that are untried', () => {
    const picker = makePicker(createRandomPicker, endpoints([1, 3, 4]));
    expectShares(countPicks(picker, 3, 20_000, new Set(['e2'])), [0.25, 0.75, 0]);
  });
});

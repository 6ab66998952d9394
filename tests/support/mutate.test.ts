import { describe, expect, it } from '@jest/globals';

import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { mutate } from './mutate.js';

const TEXT = JSON.stringify({ name: 'orders', endpoints: [{ host: '10.0.0.1', port: 80 }, null, true] });

describe('mutate', () => {
  it('changes the text, leaves a good share of it readable, and says the same for the same seed', () => {
    const random = createSeededRandom(1);
    const mutants = Array.from({ length: 1_000 }, () => mutate(TEXT, random));
    const readable = mutants.filter((mutant) => {
      try {
        JSON.parse(mutant);
        return mutant !== TEXT;
      } catch {
        return false;
      }
    });
    // A sixth have one fault, and four faults in nine replace a value by another: 74 are expected of these alone, with a
    // standard deviation below nine, and nearly all pieces keep the JSON readable.
    expect(readable.length).toBeGreaterThan(74 - 4 * 9);
    expect(mutants.filter((mutant) => mutant !== TEXT).length).toBeGreaterThan(900);
    expect(mutate(TEXT, createSeededRandom(1))).toBe(mutants[0]);
  });
});

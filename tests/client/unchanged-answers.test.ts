/** An answer that says nothing new costs nothing beyond reading it. */

import { describe, expect, it } from '@jest/globals';

import type { PickerFactory } from '../../src/data/picker.js';
import { createBench } from './bench.js';

const input = (n: number) => ({ host: `10.0.0.${n}`, port: 80, zone: 'a', metadata: { rack: `r${n}` } });

describe('an unchanged answer', () => {
  it('causes no event and no new picker, in whatever order it comes', () => {
    let pickers = 0;
    const counting: PickerFactory = () => {
      pickers++;
      return { pick: () => 0 };
    };
    const bench = createBench({ endpoints: [1, 2, 3, 4].map(input), service: { balancer: counting } });
    const events = bench.record('endpoints');
    const before = pickers;
    const known = bench.snapshot().endpoints;
    for (const order of [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
      [2, 4, 1, 3],
    ]) {
      bench.clock.advance(1_000);
      bench.resolver.set(order.map(input));
    }
    expect(events).toEqual([]);
    expect(pickers).toBe(before);
    expect(bench.snapshot().endpoints).toEqual(known);
    expect(bench.snapshot().resolution.ageMs).toBe(0);

    bench.resolver.set([1, 2, 3, 5].map(input));
    expect(events).toHaveLength(1);
    expect(pickers).toBe(before + 1);
  });
});

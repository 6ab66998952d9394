import { describe, expect, it } from '@jest/globals';

import { Mt19937 } from '../../src/kit/mt19937.js';

describe('Mt19937', () => {
  it('draws what the C++ standard requires of the 10,000th number from the default seed, and known first ones', () => {
    // [rand.predef]: "The 10000th consecutive invocation of a default-constructed object … produces the value 4123659995."
    const random = new Mt19937(5_489);
    expect([random.next(), random.next(), random.next()]).toEqual([3_499_211_612, 581_869_302, 3_890_346_734]);
    for (let draw = 4; draw < 10_000; draw++) random.next();
    expect(random.next()).toBe(4_123_659_995);
  });
});

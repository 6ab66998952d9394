import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { IdleTrust } from '../../../src/data/transport/idle-trust.js';

function trustAfter(...survivals: number[]): IdleTrust {
  const trust = new IdleTrust();
  for (const idleMs of survivals) trust.survived(idleMs);
  return trust;
}

describe('IdleTrust', () => {
  it('trusts no idleness at all in the beginning', () => {
    expect(new IdleTrust().limitMs).toBe(0);
  });

  it('goes as far as the shortest of three connections that lived longer than it trusted', () => {
    expect(trustAfter(300, 100).limitMs).toBe(0);
    expect(trustAfter(300, 100, 200).limitMs).toBe(100);
    expect(trustAfter(300, 100, 200, 50, 100, 400, 250, 150).limitMs).toBe(150);
  });

  it('stays at half of what made the server close, and half a second below', () => {
    const trust = trustAfter(4_000, 4_000, 4_000);
    trust.closed(3_000);
    expect(trust.limitMs).toBe(1_500);
    trust.closed(800);
    expect(trust.limitMs).toBe(300);
    trust.closed(100);
    expect(trust.limitMs).toBe(0);
  });

  it('learns nothing from connections that lived less than twice as long as one that was closed', () => {
    const trust = new IdleTrust();
    trust.closed(100);
    for (const idleMs of [90, 90, 90, 150, 200]) trust.survived(idleMs);
    expect(trust.limitMs).toBe(0);
  });

  it('takes a closed connection for an accident when others live more than twice as long', () => {
    const trust = new IdleTrust();
    trust.closed(100);
    for (const idleMs of [201, 150, 180]) trust.survived(idleMs);
    expect(trust.limitMs).toBe(150);
  });

  it('never trusts what nobody has borne, whatever happens', () => {
    const event = fc.tuple(fc.boolean(), fc.double({ min: 0, max: 10_000, noNaN: true }));
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const trust = new IdleTrust();
        let longest = 0;
        for (const [survived, idleMs] of events) {
          if (survived) trust.survived(idleMs);
          else trust.closed(idleMs);
          if (survived) longest = Math.max(longest, idleMs);
          expect(trust.limitMs).toBeGreaterThanOrEqual(0);
          expect(trust.limitMs).toBeLessThanOrEqual(longest);
          if (!survived) expect(trust.limitMs).toBeLessThanOrEqual(Math.max(0, idleMs - 500));
        }
      }),
    );
  });

  it('costs few handshakes: while idle times come from one distribution, nearly all are within the bound', () => {
    // The least of three times beyond the bound leaves three quarters of the tail, on average. So after k handshakes
    // the next time needs one with a probability of about (3/4)^(k/3), and n times need 3·ln(1 + n·ln(4/3)/3)/ln(4/3):
    // 48 of 1000. Their count varies by less than that of a Poisson variable; 48 + 4·√48 are 76.
    const trust = new IdleTrust();
    let exceeded = 0;
    let state = 1;
    for (let i = 0; i < 1_000; i++) {
      state = (state * 48_271) % 2_147_483_647;
      const idleMs = -50 * Math.log(state / 2_147_483_647);
      if (idleMs > trust.limitMs) exceeded++;
      trust.survived(idleMs);
    }
    expect(exceeded).toBeLessThanOrEqual(76);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createMassFailure, createPeer } from '../../../src/control/health/mass-failure.js';

describe('mass failure', () => {
  it('is more than half of those with results, not half', () => {
    const mass = createMassFailure(10_000);
    const peers = [0, 1, 2, 3].map(createPeer);
    peers.forEach((peer, index) => mass.note(peer, index < 2, 0));
    expect(mass.isOn(0)).toBe(false);
    mass.note(peers[2] as never, true, 0);
    expect(mass.isOn(0)).toBe(true);
  });

  it('is never one endpoint, even when it is the only one with results', () => {
    const mass = createMassFailure(10_000);
    mass.note(createPeer(), true, 0);
    expect(mass.isOn(0)).toBe(false);
  });

  it('ends with the window, without traffic', () => {
    const mass = createMassFailure(10_000);
    mass.note(createPeer(), true, 0);
    mass.note(createPeer(), true, 5_000);
    expect(mass.isOn(9_999)).toBe(true);
    expect(mass.isOn(10_000)).toBe(false);
  });

  it('counts as a plain scan over the last results would', () => {
    const step = fc.record({
      peer: fc.nat(5),
      action: fc.constantFrom('ok', 'failing', 'forget'),
      waitMs: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const mass = createMassFailure(100);
        const peers = Array.from({ length: 6 }, createPeer);
        const results = new Map<number, { atMs: number; failing: boolean }>();
        let now = 0;
        for (const { peer, action, waitMs } of steps) {
          now += waitMs;
          if (action === 'forget') {
            mass.forget(peers[peer] as never);
            results.delete(peer);
          } else {
            mass.note(peers[peer] as never, action === 'failing', now);
            results.set(peer, { atMs: now, failing: action === 'failing' });
          }
          const recent = [...results.values()].filter(({ atMs }) => now - atMs < 100);
          const failing = recent.filter((result) => result.failing).length;
          expect(mass.isOn(now)).toBe(failing >= 2 && failing > recent.length / 2);
        }
      }),
    );
  });
});

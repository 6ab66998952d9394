import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createAnswerLog, isSilence, PEER_ANSWERS, SHORTEST_SILENCE_MS } from '../../../src/control/health/silence.js';

const busy = { note: () => {}, busySince: () => true };

describe('the answer log', () => {
  it('needs ten answers after the given time, not at it', () => {
    const log = createAnswerLog();
    for (let n = 0; n < PEER_ANSWERS - 1; n++) log.note(100);
    expect(log.busySince(0)).toBe(false);
    log.note(100);
    expect(log.busySince(99)).toBe(true);
    expect(log.busySince(100)).toBe(false);
  });

  it('counts exactly, as a full list would', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 60 }), fc.nat(600), (waits, since) => {
        const log = createAnswerLog();
        let now = 0;
        let after = 0;
        for (const wait of waits) {
          now += wait;
          log.note(now);
          if (now > since) after++;
        }
        expect(log.busySince(since)).toBe(after >= PEER_ANSWERS);
      }),
    );
  });
});

describe('silence', () => {
  it.each(['timeout', 'connect'] as const)('is a wait in vain: %s', (reason) => {
    expect(isSilence(reason, 0, SHORTEST_SILENCE_MS, -1, busy)).toBe(true);
  });

  it.each(['reset', 'status', 'protocol'] as const)('is not what ended in an answer of some kind: %s', (reason) => {
    expect(isSilence(reason, 0, 10_000, -1, busy)).toBe(false);
  });

  it('is no short wait, such as a refused connection', () => {
    expect(isSilence('connect', 0, SHORTEST_SILENCE_MS - 1, -1, busy)).toBe(false);
  });

  it('ends with any answer during the wait', () => {
    expect(isSilence('timeout', 100, 10_000, 100, busy)).toBe(false);
    expect(isSilence('timeout', 100, 10_000, 99, busy)).toBe(true);
  });

  it('is nothing while the others are silent too', () => {
    expect(isSilence('timeout', 0, 10_000, -1, createAnswerLog())).toBe(false);
  });
});

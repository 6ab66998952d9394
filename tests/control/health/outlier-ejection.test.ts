import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { maxEjected } from '../../../src/control/health/ejection-cap.js';
import { IGNORED, SUCCESS, type Outcome } from '../../../src/core/outcome.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { connectFailure, createBench, names, status, timeout } from './ejection-bench.js';

describe('outlier ejection', () => {
  it('ejects at the fifth failure in a row, for 30 s, and says so', () => {
    const { ejection, clock, log, settle } = createBench(['a', 'b']);
    for (let n = 0; n < 4; n++) settle('a', connectFailure);
    expect(ejection.state('a')).toEqual({ kind: 'healthy' });
    settle('a', connectFailure);
    expect(ejection.state('a')).toEqual({
      kind: 'ejected',
      untilMs: clock.now() + 30_000,
      reason: 'consecutive-failures',
      times: 1,
      detail: '5 failures in a row, the last: connect',
    });
    expect(log).toEqual(['eject a consecutive-failures 30000 1', 'change']);
    expect(ejection.ejectedCount).toBe(1);
  });

  it('ejects for the ratio of 500s, which in a row are no gateway failures', () => {
    const { log, settle, succeed } = createBench(['a', 'b']);
    succeed('a', 4);
    for (let n = 0; n < 6; n++) settle('a', status(500));
    expect(log[0]).toBe('eject a failure-ratio 30000 1');
  });

  it('counts ignored outcomes, overload and strangers for nothing', () => {
    const { ejection, log, settle } = createBench(['a', 'b']);
    for (let n = 0; n < 100; n++) {
      settle('a', IGNORED);
      settle('a', { kind: 'overload', status: 429 });
      settle('stranger', connectFailure);
    }
    expect(log).toEqual([]);
    expect(ejection.state('stranger')).toEqual({ kind: 'healthy' });
  });

  it('lets overload neither end a row nor lengthen it', () => {
    const { log, settle } = createBench(['a', 'b']);
    for (let n = 0; n < 4; n++) settle('a', status(503));
    settle('a', { kind: 'overload', status: 503 });
    expect(log).toEqual([]);
    settle('a', status(503));
    expect(log[0]).toBe('eject a consecutive-failures 30000 1');
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [10, 5],
  ])('of %i endpoints that break down one after the other ejects %i', (count, most) => {
    const { ejection, breakDown } = createBench(names(count));
    for (const id of names(count)) breakDown(id);
    expect(ejection.ejectedCount).toBe(most);
  });

  it('holds nobody back for a cap that is free again: blocked evidence counts at the next failure', () => {
    const { ejection, breakDown, settle, clock } = createBench(['a', 'b', 'c']);
    breakDown('a');
    breakDown('b');
    expect(ejection.state('b').kind).toBe('healthy');
    clock.advance(30_000);
    ejection.takeProbe('a');
    settle('a', SUCCESS, { probe: true });
    settle('b', connectFailure);
    expect(ejection.state('b').kind).toBe('ejected');
  });

  it('blocks further ejections, but frees nobody, when the service shrinks below the cap', () => {
    const { ejection, breakDown } = createBench(names(6));
    for (const id of ['e0', 'e1', 'e2']) breakDown(id);
    expect(ejection.ejectedCount).toBe(3);
    ejection.setMembers(['e0', 'e1', 'e2', 'e3', 'e4']);
    expect(ejection.ejectedCount).toBe(3);
    breakDown('e3');
    expect(ejection.state('e3').kind).toBe('healthy');
  });

  describe('over time', () => {
    it('sentences a relapse to 10, 20, 30 s at a base of 10 s, and less again after health (Envoy)', () => {
      const { ejection, clock, log, settle, breakDown } = createBench(['a', 'b'], { baseEjectionMs: 10_000 });
      const recover = (afterMs: number): void => {
        clock.advance(afterMs);
        expect(ejection.takeProbe('a')).toBe(true);
        settle('a', SUCCESS, { probe: true });
      };
      for (const lengthMs of [10_000, 20_000, 30_000]) {
        breakDown('a');
        recover(lengthMs);
      }
      clock.advance(20_000);
      breakDown('a');
      recover(20_000);
      clock.advance(1_000_000);
      breakDown('a');
      expect(log.filter((line) => line.startsWith('eject'))).toEqual([
        'eject a consecutive-failures 10000 1',
        'eject a consecutive-failures 20000 2',
        'eject a consecutive-failures 30000 3',
        'eject a consecutive-failures 20000 2',
        'eject a consecutive-failures 10000 1',
      ]);
    });

    it('asks for new evidence after the return', () => {
      const { ejection, clock, log, settle, breakDown } = createBench(['a', 'b']);
      breakDown('a');
      clock.advance(30_000);
      ejection.takeProbe('a');
      settle('a', SUCCESS, { probe: true });
      log.length = 0;
      for (let n = 0; n < 4; n++) settle('a', connectFailure);
      expect(log).toEqual([]);
    });

    it('forgets a window that has passed, without traffic', () => {
      const { clock, log, settle, succeed } = createBench(['a', 'b'], { consecutiveFailures: 0 });
      for (let n = 0; n < 9; n++) settle('a', status(500));
      clock.advance(10_000);
      succeed('a');
      settle('a', status(500));
      expect(log).toEqual([]);
    });

    it('ignores results of attempts that started before the ejection, while ejected and after the return', () => {
      const { ejection, clock, log, settle, breakDown } = createBench(['a', 'b']);
      const startedAtMs = clock.now();
      clock.advance(1);
      breakDown('a');
      log.length = 0;
      settle('a', SUCCESS, { startedAtMs });
      settle('a', connectFailure, { startedAtMs });
      clock.advance(30_000);
      for (let n = 0; n < 5; n++) settle('a', n % 2 === 0 ? SUCCESS : connectFailure, { startedAtMs });
      expect(ejection.state('a').kind).toBe('probing');
      ejection.takeProbe('a');
      settle('a', SUCCESS, { probe: true });
      clock.advance(1);
      for (let n = 0; n < 10; n++) settle('a', connectFailure, { startedAtMs });
      expect(log).toEqual(['change', 'uneject a probe', 'change']);
    });

    it('ignores what attempts started during the sentence bring, good or bad', () => {
      const { ejection, clock, settle, breakDown } = createBench(['a', 'b']);
      breakDown('a');
      clock.advance(10_000);
      const startedAtMs = clock.now();
      settle('a', SUCCESS);
      settle('a', connectFailure);
      clock.advance(20_000);
      settle('a', SUCCESS, { startedAtMs });
      expect(ejection.state('a')).toEqual({ kind: 'probing', sinceMs: clock.now(), inFlight: false });
    });
  });

  describe('membership', () => {
    it('forgets who leaves, and says that an ejected one is no longer', () => {
      const { ejection, clock, log, breakDown } = createBench(['a', 'b', 'c']);
      breakDown('a');
      log.length = 0;
      ejection.setMembers(['b', 'c']);
      expect([log, ejection.ejectedCount, clock.pendingTimers]).toEqual([['uneject a removal'], 0, 0]);
    });

    it('starts who comes again from the beginning: no count, no record, no results of old attempts', () => {
      const { ejection, clock, log, breakDown, settle } = createBench(['a', 'b', 'c']);
      const startedAtMs = clock.now();
      clock.advance(1);
      breakDown('a');
      ejection.setMembers(['b', 'c']);
      ejection.setMembers(['a', 'b', 'c']);
      log.length = 0;
      for (let n = 0; n < 10; n++) settle('a', connectFailure, { startedAtMs });
      expect(log).toEqual([]);
      breakDown('a');
      expect(log[0]).toBe('eject a consecutive-failures 30000 1');
    });

    it('keeps what it knows of who stays', () => {
      const { ejection, log, settle } = createBench(['a', 'b']);
      for (let n = 0; n < 4; n++) settle('a', connectFailure);
      ejection.setMembers(['c', 'b', 'a']);
      settle('a', connectFailure);
      expect(log).toHaveLength(2);
    });
  });

  it('does nothing more once it is closed', () => {
    const { ejection, clock, log, breakDown } = createBench(['a', 'b', 'c', 'd']);
    breakDown('a');
    breakDown('b');
    log.length = 0;
    ejection.close();
    ejection.close();
    ejection.setMembers(['a', 'b']);
    breakDown('a');
    clock.advance(1_000_000);
    expect([log, clock.pendingTimers, ejection.ejectedCount, ejection.probesReady()]).toEqual([[], 0, 0, []]);
    expect(ejection.takeProbe('a')).toBe(false);
  });

  it('keeps its promises after any sequence of operations', () => {
    const id = fc.constantFrom(...names(6));
    const outcome = fc.constantFrom<Outcome>(SUCCESS, IGNORED, timeout, connectFailure, status(500), status(503));
    const operation = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('settle' as const),
          id,
          outcome,
          times: fc.integer({ min: 1, max: 12 }),
          ageMs: fc.nat(2_000),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('probe' as const), id, outcome, answer: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60_000) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('members' as const), ids: fc.uniqueArray(id) }) },
    );
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 80 }),
        fc.constantFrom(0, 0.1, 0.5, 1),
        fc.integer(),
        (operations, maxEjectedRatio, seed) => {
          let members = names(6);
          const { ejection, clock, log, settle } = createBench(members, { maxEjectedRatio }, createSeededRandom(seed));
          for (const one of operations) {
            const before = ejection.ejectedCount;
            if (one.do === 'settle') {
              for (let n = 0; n < one.times; n++) settle(one.id, one.outcome, { startedAtMs: clock.now() - one.ageMs });
            } else if (one.do === 'probe') {
              const wasProbing = ejection.state(one.id).kind === 'probing';
              const ready = ejection.probesReady().includes(one.id);
              expect(ejection.takeProbe(one.id)).toBe(ready);
              expect(ejection.takeProbe(one.id)).toBe(false);
              if (ready) expect(wasProbing).toBe(true);
              if (ready && one.answer) settle(one.id, one.outcome, { probe: true });
            } else if (one.do === 'wait') {
              clock.advance(one.ms);
            } else {
              members = one.ids;
              ejection.setMembers(members);
            }

            const out = names(6).filter((name) => ejection.state(name).kind !== 'healthy');
            expect(ejection.ejectedCount).toBe(out.length);
            for (const name of out) expect(members).toContain(name);
            // Nobody is added beyond the cap; a service that shrank may stand above it until sentences end.
            const cap = maxEjected(members.length, maxEjectedRatio);
            expect(out.length).toBeLessThanOrEqual(Math.max(cap, before));
            if (one.do === 'settle' && out.length > before) expect(out.length).toBeLessThan(members.length);
            const ejected = out.filter((name) => ejection.state(name).kind === 'ejected');
            expect(clock.pendingTimers).toBe(ejected.length);
            for (const name of ejected) {
              const state = ejection.state(name);
              if (state.kind !== 'ejected') continue;
              expect(state.untilMs).toBeGreaterThan(clock.now());
              expect(state.untilMs).toBeLessThanOrEqual(clock.now() + 330_000);
              expect(state.times).toBeGreaterThanOrEqual(1);
            }
          }
          const ejects = log.filter((line) => line.startsWith('eject') && !line.includes('probe-failed')).length;
          const unejects = log.filter((line) => line.startsWith('uneject')).length;
          expect(ejects - unejects).toBe(ejection.ejectedCount);
          ejection.close();
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { reasonAgainst, type EjectionView, type EligibilityInput } from '../../src/control/eligibility-facts.js';
import { judge, selectEligible, type Selection } from '../../src/control/eligibility.js';
import type { EjectionState } from '../../src/control/health/ejection-state.js';
import type { Endpoint } from '../../src/core/endpoint.js';

const EJECTED: EjectionState = {
  kind: 'ejected',
  untilMs: 31_000,
  reason: 'consecutive-failures',
  times: 2,
  detail: '5 failures in a row, the last: connect',
};
const PROBING: EjectionState = { kind: 'probing', sinceMs: 400, inFlight: false };

function endpoint(id: string, weight = 1, priority = 0): Endpoint {
  return {
    id,
    host: 'h',
    port: 1,
    scheme: undefined,
    basePath: '',
    weight,
    priority,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
  };
}

function ejection(states: Record<string, EjectionState>): EjectionView {
  return { state: (id) => states[id] ?? { kind: 'healthy' }, ejectedCount: Object.keys(states).length };
}

function select(endpoints: readonly Endpoint[], input: Partial<EligibilityInput> = {}): Selection {
  return selectEligible({ endpoints, ejection: undefined, panicThreshold: 0.5, now: 1_000, ...input });
}

const ids = (endpoints: readonly Endpoint[]): string[] => endpoints.map(({ id }) => id);
const abcd = ['a', 'b', 'c', 'd'].map((id) => endpoint(id));

describe('eligibility', () => {
  it('takes everybody, and the very array, when all are well', () => {
    const endpoints = Object.freeze([...abcd]);
    const { set, healthyCount, total } = select(endpoints, { ejection: ejection({}) });
    expect(set.endpoints).toBe(endpoints);
    expect([set.probes, set.panic, healthyCount, total]).toEqual([[], false, 4, 4]);
    expect(Object.isFrozen(set)).toBe(true);
  });

  it('does not freeze an array that it was lent', () => {
    const endpoints = [...abcd];
    expect(Object.isFrozen(select(endpoints).set.endpoints)).toBe(true);
    expect(Object.isFrozen(endpoints)).toBe(false);
  });

  it('has nobody to offer when nobody is known', () => {
    const { set, healthyCount, total } = select([]);
    expect([set.endpoints, set.probes, set.panic, healthyCount, total]).toEqual([[], [], false, 0, 0]);
  });

  it('leaves out who is refused or draining, also in panic', () => {
    const out = { refusedReasons: new Map([['a', 'no']]), draining: new Set(['b']) };
    expect(ids(select(abcd, out).set.endpoints)).toEqual(['c', 'd']);
    const { set } = select(abcd, { ...out, ejection: ejection({ c: EJECTED, d: EJECTED }) });
    expect([ids(set.endpoints), set.panic]).toEqual([['c', 'd'], true]);
  });

  it('leaves out the ejected, and offers the probing apart', () => {
    const { set, healthyCount, total } = select(abcd, { ejection: ejection({ a: EJECTED, b: PROBING }) });
    expect([ids(set.endpoints), ids(set.probes), set.panic]).toEqual([['c', 'd'], ['b'], false]);
    expect([healthyCount, total]).toEqual([2, 4]);
  });

  it('panics strictly below the threshold: two healthy of four are enough at 0.5, one is not', () => {
    expect(select(abcd, { ejection: ejection({ a: EJECTED, b: EJECTED }) }).set.panic).toBe(false);
    const { set, healthyCount } = select(abcd, { ejection: ejection({ a: EJECTED, b: EJECTED, c: PROBING }) });
    expect([set.panic, ids(set.endpoints), healthyCount]).toEqual([true, ['a', 'b', 'c', 'd'], 1]);
  });

  it('still offers probes in panic, or it would not end', () => {
    const { set } = select(abcd, { ejection: ejection({ a: PROBING, b: PROBING, c: EJECTED }) });
    expect([set.panic, ids(set.probes)]).toEqual([true, ['a', 'b']]);
  });

  it('uses everybody when nobody is healthy, even at a threshold of 0', () => {
    const states = { a: EJECTED, b: EJECTED, c: EJECTED, d: PROBING };
    const { set } = select(abcd, { ejection: ejection(states), panicThreshold: 0 });
    expect([set.panic, ids(set.endpoints)]).toEqual([true, ['a', 'b', 'c', 'd']]);
    expect(
      select(abcd, { ejection: ejection({ a: EJECTED, b: EJECTED, c: EJECTED }), panicThreshold: 0 }).set.panic,
    ).toBe(false);
  });

  it('sends nothing to weight 0, unless all weights are 0', () => {
    expect(ids(select([endpoint('a', 0), endpoint('b', 2)]).set.endpoints)).toEqual(['b']);
    expect(ids(select([endpoint('a', 0), endpoint('b', 0)]).set.endpoints)).toEqual(['a', 'b']);
  });

  it('does not count weight 0 as healthy, nor take it in panic', () => {
    const { set, healthyCount, total } = select([endpoint('a', 0), endpoint('b')], {
      ejection: ejection({ b: EJECTED }),
    });
    expect([ids(set.endpoints), set.panic, healthyCount, total]).toEqual([['b'], true, 0, 1]);
  });

  describe('with priorities', () => {
    const tiers = [endpoint('a1'), endpoint('a2'), endpoint('b1', 1, 1), endpoint('b2', 1, 1), endpoint('c1', 1, 7)];

    it('uses the lowest number only', () => {
      const { set, total } = select(tiers);
      expect([ids(set.endpoints), total]).toEqual([['a1', 'a2'], 2]);
    });

    it('stays there while enough of them are healthy', () => {
      expect(ids(select(tiers, { ejection: ejection({ a1: EJECTED }) }).set.endpoints)).toEqual(['a2']);
    });

    it('goes on to the next when too few are, rather than to panic, and probes what is to come back', () => {
      const { set } = select(tiers, { ejection: ejection({ a1: EJECTED, a2: PROBING, b2: EJECTED, c1: PROBING }) });
      expect([ids(set.endpoints), ids(set.probes), set.panic]).toEqual([['b1'], ['a2'], false]);
    });

    it('probes a better priority whose weights are all 0', () => {
      const { set } = select([endpoint('a', 0), endpoint('b', 1, 1)], { ejection: ejection({ a: PROBING }) });
      expect([ids(set.endpoints), ids(set.probes)]).toEqual([['b'], ['a']]);
    });

    it('panics in the lowest that has anybody healthy when all have too few', () => {
      const large = ['p', 'q', 'r'].map((id) => endpoint(id, 1, 1));
      const states = { a1: EJECTED, a2: EJECTED, p: EJECTED, q: EJECTED };
      const { set } = select([endpoint('a1'), endpoint('a2'), ...large], { ejection: ejection(states) });
      expect([ids(set.endpoints), set.panic]).toEqual([['p', 'q', 'r'], true]);
    });

    it('panics in the lowest when nobody is healthy anywhere', () => {
      const all = Object.fromEntries(tiers.map(({ id }) => [id, EJECTED]));
      const { set } = select(tiers, { ejection: ejection(all) });
      expect([ids(set.endpoints), set.panic]).toEqual([['a1', 'a2'], true]);
    });
  });

  it('is never empty while somebody is allowed, and never holds who is not', () => {
    const state = fc.constantFrom<EjectionState | undefined>(undefined, EJECTED, PROBING);
    const member = fc.record({
      weight: fc.nat(2),
      priority: fc.nat(2),
      state,
      standing: fc.constantFrom('ok', 'ok', 'ok', 'refused', 'draining'),
    });
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (members, threshold) => {
          const endpoints = members.map(({ weight, priority }, index) => endpoint(`${index}`, weight, priority));
          const standing = (wanted: string): string[] =>
            ids(endpoints).filter((id) => members[+id]?.standing === wanted);
          const states = members.flatMap((one, index) =>
            one.state === undefined ? [] : [[`${index}`, one.state] as const],
          );
          const { set, healthyCount, total, facts } = select(endpoints, {
            refusedReasons: new Map(standing('refused').map((id) => [id, 'no'])),
            draining: new Set(standing('draining')),
            ejection: ejection(Object.fromEntries(states)),
            panicThreshold: threshold,
          });
          const allowed = standing('ok');
          expect(set.endpoints.length > 0).toBe(allowed.length > 0);
          for (const { id } of [...set.endpoints, ...set.probes]) expect(allowed).toContain(id);
          expect(new Set(set.endpoints.map(({ priority }) => priority)).size).toBeLessThanOrEqual(1);
          const unwell = set.endpoints.filter(({ id }) => members[+id]?.state !== undefined);
          expect(unwell.length > 0).toBe(set.panic);
          for (const { id } of set.probes) expect(members[+id]?.state?.kind).toBe('probing');
          expect(set.endpoints).toHaveLength(set.panic ? total : healthyCount);
          for (const one of endpoints) {
            const verdict = judge(one, facts);
            expect(verdict.eligible).toBe(set.endpoints.includes(one));
            expect(verdict.words).not.toMatch(/undefined|NaN/);
            expect(verdict.words.length).toBeGreaterThan(5);
          }
        },
      ),
    );
  });
});

describe('a verdict', () => {
  it('says for each reason what a person would ask for', () => {
    const endpoints = [...abcd, endpoint('zero', 0), endpoint('spare', 1, 3), endpoint('refused'), endpoint('leaving')];
    const { facts } = select(endpoints, {
      refusedReasons: new Map([['refused', 'a link-local address']]),
      draining: new Set(['leaving']),
      ejection: ejection({ b: EJECTED, c: PROBING }),
    });
    const words = Object.fromEntries(endpoints.map((one) => [one.id, judge(one, facts).words]));
    expect(words).toEqual({
      a: 'in use',
      b: 'ejected for 30000 ms more (consecutive-failures: 5 failures in a row, the last: connect; sentence 2)',
      c: 'ejected until 600 ms ago, waiting for one call to probe it',
      d: 'in use',
      zero: 'its weight is 0 while others of its priority have one',
      spare: 'standing by: its priority is 3, and priority 0 is in use',
      refused: 'refused by the address policy: a link-local address',
      leaving: 'draining: discovery no longer names it, and what is in flight there may end',
    });
    expect(judge(abcd[1] as Endpoint, facts)).toMatchObject({ eligible: false, reason: 'ejected' });
  });

  it('says in panic why everybody is used', () => {
    const { facts } = select(abcd, {
      ejection: ejection({ a: EJECTED, b: { ...PROBING, inFlight: true }, c: EJECTED }),
    });
    expect(judge(abcd[1] as Endpoint, facts)).toEqual({
      eligible: true,
      words:
        'in use, as everybody is, because only 1 of 4 are healthy (panic); otherwise ejected until 600 ms ago, one probe is under way',
    });
  });

  it('says of a healthy endpoint that its priority as a whole is not', () => {
    const endpoints = [...abcd, endpoint('spare', 1, 1)];
    const { facts } = select(endpoints, { ejection: ejection({ a: EJECTED, b: EJECTED, c: EJECTED }) });
    expect(reasonAgainst(abcd[3] as Endpoint, facts)).toBe('unhealthy-priority');
    expect(judge(abcd[3] as Endpoint, facts).words).toBe(
      'healthy, but only 1 of 4 of its priority 0 are; priority 1 is in use instead',
    );
  });
});

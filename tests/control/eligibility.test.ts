import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { reasonAgainst, type EjectionView, type EligibilityInput } from '../../src/control/eligibility-facts.js';
import { judge, selectEligible, type Selection } from '../../src/control/eligibility.js';
import type { Locality } from '../../src/control/locality-settings.js';
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

const shares = ({ groups }: Selection['set']): unknown[][] | undefined =>
  groups?.map(({ endpoints, share }) => [ids(endpoints), share]);
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

    it('has no groups while there is nothing to divide and nobody in reserve', () => {
      expect(select(abcd).set.groups).toBeUndefined();
      expect(select(abcd, { ejection: ejection({ a: EJECTED }) }).set.groups).toBeUndefined();
    });

    it('keeps the others in reserve, by priority', () => {
      const { set } = select(tiers, { ejection: ejection({ b2: EJECTED }) });
      expect(shares(set)).toEqual([
        [['a1', 'a2'], 1],
        [['b1'], 0],
        [['c1'], 0],
      ]);
    });

    it('moves on what a priority cannot carry with those that are healthy: 1.4 times one half', () => {
      const { set, healthyCount, total } = select(tiers, { ejection: ejection({ a1: EJECTED }) });
      expect([ids(set.endpoints), healthyCount, total, set.panic]).toEqual([['a2', 'b1', 'b2'], 3, 4, false]);
      expect(shares(set)).toEqual([
        [['a2'], 0.7],
        [['b1', 'b2'], 0.3],
        [['c1'], 0],
      ]);
    });

    it('goes on to the next when too few are, rather than to panic, and probes what is to come back', () => {
      const { set } = select(tiers, { ejection: ejection({ a1: EJECTED, a2: PROBING, b2: EJECTED, c1: PROBING }) });
      expect([ids(set.endpoints), ids(set.probes), set.panic]).toEqual([['b1'], ['a2'], false]);
    });

    it('probes a better priority whose weights are all 0', () => {
      const { set } = select([endpoint('a', 0), endpoint('b', 1, 1)], { ejection: ejection({ a: PROBING }) });
      expect([ids(set.endpoints), ids(set.probes)]).toEqual([['b'], ['a']]);
    });

    it('panics everywhere, by numbers, when too few are healthy everywhere', () => {
      const large = ['p', 'q', 'r'].map((id) => endpoint(id, 1, 1));
      const states = { a1: EJECTED, a2: EJECTED, p: EJECTED, q: EJECTED };
      const { set } = select([endpoint('a1'), endpoint('a2'), ...large], { ejection: ejection(states) });
      expect([ids(set.endpoints), set.panic]).toEqual([['a1', 'a2', 'p', 'q', 'r'], true]);
      expect(shares(set)).toEqual([
        [['a1', 'a2'], 0.4],
        [['p', 'q', 'r'], 0.6],
      ]);
    });

    it('sends to the healthy ones of all, however few, where panic is turned off', () => {
      const states = { a1: EJECTED, b1: EJECTED, c1: EJECTED };
      const { set } = select([...tiers, endpoint('c2', 1, 7)], { ejection: ejection(states), panicThreshold: 0 });
      expect([ids(set.endpoints), set.panic]).toEqual([['a2', 'b2'], false]);
      expect(shares(set)).toEqual([
        [['a2'], 0.7],
        [['b2'], 0.3],
        [['c2'], 0],
      ]);
    });
  });

  describe('with zones', () => {
    const at = (zone: string | undefined, count: number, priority = 0): Endpoint[] =>
      Array.from({ length: count }, (_, n) => ({ ...endpoint(`${zone}${n}`, 1, priority), zone }));
    const inZone = (zone: string, rest: Partial<Locality> = {}): Locality => ({
      minEndpoints: 6,
      preferRatio: 1,
      place: { zone },
      ...rest,
    });
    const fleet = [...at('a', 2), ...at('b', 4), ...at('c', 3)];

    it('stays in its own where that can carry its callers, and keeps the others in reserve', () => {
      const { set, facts } = select(fleet, { locality: inZone('b') });
      expect(shares(set)).toEqual([
        [['a0', 'a1'], 0],
        [['b0', 'b1', 'b2', 'b3'], 1],
        [['c0', 'c1', 'c2'], 0],
      ]);
      expect(ids(set.endpoints)).toEqual(['b0', 'b1', 'b2', 'b3']);
      expect(judge(fleet[0] as Endpoint, facts)).toEqual({
        eligible: false,
        reason: 'other-zone',
        words: "standing by: it is in zone 'a', and zone 'b' gets 100 % of the calls",
      });
      expect(judge(fleet[2] as Endpoint, facts).words).toBe('in use');
    });

    it('sends away what it cannot, to where there is more to spare', () => {
      const { set, facts } = select(fleet, { locality: inZone('a') });
      // 2222 of 3333 ten-thousandths stay; b has 4444 − 3333 to spare and c 3333 − 3333.
      expect(shares(set)).toEqual([
        [['a0', 'a1'], expect.closeTo(0.6666)],
        [['b0', 'b1', 'b2', 'b3'], expect.closeTo(0.3334)],
        [['c0', 'c1', 'c2'], 0],
      ]);
      expect(judge(fleet[2] as Endpoint, facts).words).toBe("in use: zone 'b' gets 33.3 % of the calls");
    });

    it('counts the healthy only, and callers of a zone that is out as well', () => {
      const out = ejection({ b0: EJECTED, b1: EJECTED, b2: PROBING, b3: EJECTED });
      const { set } = select([...fleet, ...at('d', 3)], { ejection: out, locality: inZone('a') });
      // A quarter of the callers each; 2 of 8 healthy endpoints are in a.
      expect(shares(set)).toEqual([
        [['a0', 'a1'], 1],
        [['c0', 'c1', 'c2'], 0],
        [['d0', 'd1', 'd2'], 0],
      ]);
      expect(ids(set.probes)).toEqual(['b2']);
    });

    it('believes who says from where it is called', () => {
      const { set } = select(fleet, { locality: inZone('a', { callers: { a: 8, b: 1, c: 0, z: 1 } }) });
      // 2222 of 8000 stay; b has 4444 − 1000 to spare, c 3333.
      expect(shares(set)).toEqual([
        [['a0', 'a1'], expect.closeTo(0.2777)],
        [['b0', 'b1', 'b2', 'b3'], expect.closeTo(0.7223 * (3444 / 6777))],
        [['c0', 'c1', 'c2'], expect.closeTo(0.7223 * (3333 / 6777))],
      ]);
    });

    it('spreads by capacity what does not prefer its zone', () => {
      const { set } = select(fleet, { locality: inZone('b', { preferRatio: 0.9 }) });
      expect(shares(set)?.map(([, share]) => share)).toEqual(
        [0.1 * (2 / 9), 0.9 + 0.1 * (4 / 9), 0.1 * (3 / 9)].map((share) => expect.closeTo(share, 10)),
      );
    });

    it.each([
      [
        'fewer than so many are healthy',
        { ejection: ejection({ a0: EJECTED, b0: EJECTED, c0: EJECTED, c1: EJECTED }) },
        'b',
      ],
      ['nobody healthy is in its own', { ejection: ejection({ a0: EJECTED, a1: EJECTED }) }, 'a'],
      ['nobody is in its own', {}, 'elsewhere'],
      ['everybody is in its own', { endpoints: at('b', 9) }, 'b'],
    ] as const)('takes no account of them where %s', (_, input, zone) => {
      const { set } = select(fleet, { ...input, locality: inZone(zone) });
      expect(set.groups).toBeUndefined();
      expect(set.endpoints.length).toBeGreaterThanOrEqual(5);
    });

    it('takes no account of them in panic', () => {
      const out = Object.fromEntries(ids(fleet.slice(4)).map((id) => [id, EJECTED]));
      const { set } = select(fleet, { ejection: ejection(out), locality: inZone('a', { minEndpoints: 1 }) });
      expect([set.panic, set.groups, set.endpoints.length]).toEqual([true, undefined, 9]);
    });

    it('divides each priority by itself', () => {
      const standby = [...at('a', 4, 1), ...at('b', 2, 1)].map((one) => ({ ...one, id: `s${one.id}` }));
      const out = ejection({ a0: EJECTED, b0: EJECTED, b1: EJECTED, c0: EJECTED, c1: EJECTED });
      const { set, facts } = select([...fleet, ...standby], { ejection: out, locality: inZone('a') });
      // Four of nine healthy carry 62 %, and are too few for zones to count.
      expect(shares(set)).toEqual([
        [['a1', 'b2', 'b3', 'c2'], 0.62],
        [['sa0', 'sa1', 'sa2', 'sa3'], 0.38],
        [['sb0', 'sb1'], 0],
      ]);
      expect(judge(standby[0] as Endpoint, facts).words).toBe('in use: priority 1 gets 38 % of the calls');
    });
  });

  describe('with regions', () => {
    const at = (region: string | undefined, count: number): Endpoint[] =>
      Array.from({ length: count }, (_, n) => ({ ...endpoint(`${region ?? 'none'}${n}`), region, zone: 'a' }));
    const fleet = [...at('eu', 4), ...at('us', 4), ...at(undefined, 1)];
    const locality: Locality = { minEndpoints: 1, preferRatio: 1, place: { region: 'eu', zone: 'a' } };

    it('stays in its own, of which are those too that name none', () => {
      const { set, facts } = select(fleet, { locality });
      expect(shares(set)).toEqual([
        [['eu0', 'eu1', 'eu2', 'eu3', 'none0'], 1],
        [['us0', 'us1', 'us2', 'us3'], 0],
      ]);
      expect(judge(fleet[4] as Endpoint, facts)).toMatchObject({
        reason: 'other-region',
        words: "standing by: it is in another region, 'us', and priority 0 is in use",
      });
    });

    it('spills over as between priorities, before it goes on to the next of these', () => {
      const out = ejection({ eu0: EJECTED, eu1: EJECTED, eu2: EJECTED });
      const { set, facts } = select([...fleet, endpoint('x', 1, 1)], { locality, ejection: out });
      expect(shares(set)).toEqual([
        [['eu3', 'none0'], 0.56],
        [['us0', 'us1', 'us2', 'us3'], 0.44],
        [['x'], 0],
      ]);
      expect(judge(fleet[4] as Endpoint, facts).words).toBe(
        'in use: priority 0 in other regions gets 44 % of the calls',
      );
    });

    it('counts weights of 0 over all regions of a priority', () => {
      const drained = at('eu', 2).map((one) => ({ ...one, weight: 0 }));
      expect(ids(select([...drained, ...at('us', 2)], { locality }).set.endpoints)).toEqual(['us0', 'us1']);
      const all = at('us', 2).map((one) => ({ ...one, weight: 0 }));
      expect(ids(select([...drained, ...all], { locality }).set.endpoints)).toEqual(['eu0', 'eu1']);
    });
  });

  it('is never empty while somebody is allowed, and never holds who is not', () => {
    const state = fc.constantFrom<EjectionState | undefined>(undefined, EJECTED, PROBING);
    const member = fc.record({
      weight: fc.nat(2),
      priority: fc.nat(2),
      zone: fc.constantFrom(undefined, 'a', 'b'),
      region: fc.constantFrom(undefined, 'eu', 'us'),
      state,
      standing: fc.constantFrom('ok', 'ok', 'ok', 'refused', 'draining'),
    });
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom<Locality['place'] | undefined>(undefined, { zone: 'a' }, { region: 'eu', zone: 'b' }),
        (members, threshold, place) => {
          const endpoints = members.map(({ weight, priority, zone, region }, index) => ({
            ...endpoint(`${index}`, weight, priority),
            zone,
            region,
          }));
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
            locality: place === undefined ? undefined : { minEndpoints: 2, preferRatio: 1, place },
          });
          const allowed = standing('ok');
          expect(set.endpoints.length > 0).toBe(allowed.length > 0);
          for (const { id } of [...set.endpoints, ...set.probes]) expect(allowed).toContain(id);
          const { groups = [] } = set;
          const shared = groups.filter(({ share }) => share > 0);
          if (groups.length > 0) {
            expect(new Set(ids(shared.flatMap(({ endpoints: some }) => some)))).toEqual(new Set(ids(set.endpoints)));
            expect(groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
            expect(new Set(groups.map(({ key }) => key)).size).toBe(groups.length);
            expect(groups.map(({ rank }) => rank)).toEqual(groups.map(({ rank }) => rank).sort((a, b) => a - b));
          }
          for (const { endpoints: some, share } of groups) {
            expect(some.length).toBeGreaterThan(0);
            for (const { id } of some) expect(allowed).toContain(id);
            if (share === 0) for (const { id } of some) expect(members[+id]?.state).toBeUndefined();
          }
          const unwell = set.endpoints.filter(({ id }) => members[+id]?.state !== undefined);
          if (unwell.length > 0) expect(set.panic).toBe(true);
          for (const { id } of set.probes) expect(members[+id]?.state?.kind).toBe('probing');
          expect(set.endpoints.length).toBeLessThanOrEqual(total);
          expect(healthyCount).toBeLessThanOrEqual(total);
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
    const endpoints = [
      ...[...abcd, endpoint('e'), endpoint('f'), endpoint('g')],
      ...[endpoint('zero', 0), endpoint('spare', 1, 3), endpoint('refused'), endpoint('leaving')],
    ];
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
      ...{ d: 'in use', e: 'in use', f: 'in use', g: 'in use' },
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

  it('says which part of the calls a priority gets', () => {
    const endpoints = [...abcd, endpoint('spare', 1, 1), endpoint('far', 1, 2)];
    const { facts } = select(endpoints, { ejection: ejection({ a: EJECTED, b: EJECTED }) });
    expect(judge(abcd[3] as Endpoint, facts).words).toBe('in use: priority 0 gets 70 % of the calls');
    expect(judge(endpoints[4] as Endpoint, facts).words).toBe('in use: priority 1 gets 30 % of the calls');
    expect(judge(endpoints[5] as Endpoint, facts).words).toBe(
      'standing by: its priority is 2, and priority 0 and priority 1 are in use',
    );
  });

  it('says of a healthy endpoint that its priority as a whole is not', () => {
    const many = Array.from({ length: 200 }, (_, n) => endpoint(`m${n}`));
    const out = Object.fromEntries(ids(many.slice(1)).map((id) => [id, EJECTED]));
    const { facts } = select([...many, endpoint('spare', 1, 1)], { ejection: ejection(out) });
    expect(reasonAgainst(many[0] as Endpoint, facts)).toBe('unhealthy-priority');
    expect(judge(many[0] as Endpoint, facts).words).toBe(
      'healthy, but only 1 of 200 of its priority 0 are; priority 1 is in use instead',
    );
  });
});

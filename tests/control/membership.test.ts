import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createMembership, type AddressGate, type Membership } from '../../src/control/membership.js';
import type { Endpoint } from '../../src/core/endpoint.js';

function endpoint(id: string, fields: Partial<Endpoint> = {}): Endpoint {
  return Object.freeze({
    id,
    host: `${id}.test`,
    port: 80,
    scheme: undefined,
    basePath: '',
    weight: 1,
    priority: 0,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
    ...fields,
  });
}

const openGate: AddressGate = { refuse: () => undefined };
const ids = (endpoints: readonly Endpoint[]): string[] => endpoints.map(({ id }) => id);

function withMembers(...names: string[]): Membership {
  const membership = createMembership({ policy: openGate });
  membership.apply(names.map((name) => endpoint(name)));
  return membership;
}

describe('membership', () => {
  it('starts with nobody', () => {
    const membership = createMembership({ policy: openGate });
    expect(membership.endpoints).toEqual([]);
    expect(membership.apply([])).toEqual({ added: [], removed: [], updated: [], refused: [], changed: false });
  });

  it('tells the difference between two sets by id', () => {
    const membership = withMembers('a', 'b', 'c');
    const change = membership.apply([endpoint('b'), endpoint('c', { weight: 2 }), endpoint('d')]);
    expect(ids(change.added)).toEqual(['d']);
    expect(ids(change.removed)).toEqual(['a']);
    expect(change.updated).toEqual([endpoint('c', { weight: 2 })]);
    expect(change.changed).toBe(true);
    expect(ids(membership.endpoints)).toEqual(['b', 'c', 'd']);
  });

  it('keeps the very array when the same endpoints come again, in whatever order', () => {
    const membership = withMembers('a', 'b');
    const before = membership.endpoints;
    expect(membership.apply([endpoint('b'), endpoint('a')]).changed).toBe(false);
    expect(membership.endpoints).toBe(before);
    expect(Object.isFrozen(before)).toBe(true);
  });

  it.each<Partial<Endpoint>>([
    { port: 81 },
    { scheme: 'https' },
    { basePath: '/v1' },
    { weight: 0 },
    { priority: 1 },
    { region: 'eu' },
    { zone: 'a' },
    { hostname: 'x.test' },
    { metadata: { version: '2' } },
    { host: 'elsewhere.test' },
  ])('takes a difference in any other field for an update: %j', (fields) => {
    const change = withMembers('a').apply([endpoint('a', fields)]);
    expect(change.updated).toEqual([endpoint('a', fields)]);
    expect([change.added, change.removed, change.changed]).toEqual([[], [], true]);
  });

  it('compares metadata by content, and by own keys only', () => {
    const membership = createMembership({ policy: openGate });
    membership.apply([endpoint('a', { metadata: { x: '1', y: '2' } })]);
    expect(membership.apply([endpoint('a', { metadata: { y: '2', x: '1' } })]).changed).toBe(false);
    expect(membership.apply([endpoint('a', { metadata: { x: '1', toString: '2' } })]).changed).toBe(true);
  });

  it('takes the first of two endpoints with one id', () => {
    const membership = createMembership({ policy: openGate });
    membership.apply([endpoint('a', { weight: 1 }), endpoint('a', { weight: 2 })]);
    expect(membership.endpoints).toEqual([endpoint('a', { weight: 1 })]);
  });

  it('lets a removed endpoint drain until nothing is in flight there', () => {
    const membership = withMembers('a', 'b');
    membership.apply([endpoint('b')]);
    expect([...membership.draining.keys()]).toEqual(['a']);
    expect(membership.drained('a')).toBe(true);
    expect(membership.draining.size).toBe(0);
    expect(membership.drained('a')).toBe(false);
  });

  it('does not drain a current endpoint because nothing is in flight there', () => {
    const membership = withMembers('a');
    expect(membership.drained('a')).toBe(false);
    expect(ids(membership.endpoints)).toEqual(['a']);
  });

  it('takes a draining endpoint back when discovery names it again', () => {
    const membership = withMembers('a', 'b');
    membership.apply([endpoint('b')]);
    const change = membership.apply([endpoint('a'), endpoint('b')]);
    expect(ids(change.added)).toEqual(['a']);
    expect(membership.draining.size).toBe(0);
  });

  it('keeps refused endpoints out of use, but remembers them and why', () => {
    const policy: AddressGate = { refuse: (host) => (host === 'bad.test' ? 'link-local' : undefined) };
    const membership = createMembership({ policy });
    const change = membership.apply([endpoint('good'), endpoint('bad')]);
    expect(ids(change.added)).toEqual(['good']);
    expect(change.refused).toEqual([{ endpoint: endpoint('bad'), reason: 'link-local' }]);
    expect(ids(membership.endpoints)).toEqual(['good']);
    expect(ids(membership.known)).toEqual(['good', 'bad']);
    expect([...membership.refusedReasons]).toEqual([['bad', 'link-local']]);
  });

  it('says once that an endpoint is refused, and nothing when a refused one leaves', () => {
    const membership = createMembership({ policy: { refuse: () => 'no' } });
    expect(membership.apply([endpoint('a')]).refused).toHaveLength(1);
    expect(membership.apply([endpoint('a')]).changed).toBe(false);
    expect(membership.apply([endpoint('a', { weight: 3 })]).changed).toBe(false);
    expect(membership.apply([]).changed).toBe(false);
    expect(membership.refusedReasons.size).toBe(0);
    expect(membership.draining.size).toBe(0);
  });

  it('removes and drains an endpoint whose new address is refused, and takes it back with a good one', () => {
    const policy: AddressGate = { refuse: (host) => (host === '169.254.169.254' ? 'metadata' : undefined) };
    const membership = createMembership({ policy });
    membership.apply([endpoint('a')]);
    const bad = membership.apply([endpoint('a', { host: '169.254.169.254' })]);
    expect(bad.removed).toEqual([endpoint('a')]);
    expect(bad.refused.map(({ reason }) => reason)).toEqual(['metadata']);
    expect(membership.endpoints).toEqual([]);
    expect(membership.draining.has('a')).toBe(true);
    expect(ids(membership.apply([endpoint('a')]).added)).toEqual(['a']);
    expect(membership.draining.has('a')).toBe(false);
  });

  it('asks the policy once per address, not once per refresh', () => {
    let asked = 0;
    const membership = createMembership({ policy: { refuse: () => void asked++ } });
    for (const weight of [1, 1, 2]) membership.apply([endpoint('a', { weight }), endpoint('b')]);
    expect(asked).toBe(2);
    membership.apply([endpoint('a', { port: 81 }), endpoint('b')]);
    expect(asked).toBe(3);
  });

  it('adds up: what it held, less removed, plus added, is what it holds', () => {
    const set = fc.uniqueArray(
      fc.record({ id: fc.constantFrom(...'abcdefgh'), weight: fc.nat(2), bad: fc.boolean() }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(fc.array(set, { maxLength: 8 }), (sets) => {
        const membership = createMembership({ policy: { refuse: (host) => (host === 'bad' ? 'no' : undefined) } });
        const held = new Map<string, Endpoint>();
        for (const entries of sets) {
          const given = entries.map(({ id, weight, bad }) => endpoint(id, { weight, host: bad ? 'bad' : 'good' }));
          const change = membership.apply(given);
          for (const { id } of change.removed) expect(held.delete(id)).toBe(true);
          for (const next of change.updated) {
            expect(held.get(next.id)).not.toEqual(next);
            held.set(next.id, next);
          }
          for (const next of change.added) {
            expect(held.has(next.id)).toBe(false);
            held.set(next.id, next);
          }
          const wanted = given.filter(({ host }) => host !== 'bad');
          const byId = (a: Endpoint, b: Endpoint): number => a.id.localeCompare(b.id);
          expect([...held.values()].sort(byId)).toEqual(wanted.sort(byId));
          expect([...membership.endpoints].sort(byId)).toEqual(wanted);
          for (const { id } of membership.endpoints) expect(membership.draining.has(id)).toBe(false);
        }
      }),
    );
  });

  it('takes 10 000 endpoints without noticing', () => {
    const membership = createMembership({ policy: openGate });
    const first = Array.from({ length: 10_000 }, (_, index) => endpoint(`e${index}`));
    const second = Array.from({ length: 10_000 }, (_, index) => endpoint(`e${index + 5_000}`));
    expect(membership.apply(first).added).toHaveLength(10_000);
    const startedAt = performance.now();
    const change = membership.apply(second);
    // A few milliseconds; the bound only catches a quadratic comparison, which takes seconds.
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect([change.added.length, change.removed.length, change.updated.length]).toEqual([5_000, 5_000, 0]);
  });
});

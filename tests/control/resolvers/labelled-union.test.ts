import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint } from '../../../src/core/endpoint.js';
import { sameEndpoint } from '../../../src/core/same-endpoint.js';
import { normalizeEndpoint } from '../../../src/control/discovery/normalize-endpoint.js';
import { createLabelledUnion, RESOLVER_LABEL } from '../../../src/control/resolvers/labelled-union.js';
import { merge } from '../../../src/control/resolvers/merge.js';
import { createManualResolver } from '../../../src/testing/manual-resolver.js';
import { startFeed } from '../discovery/feed-harness.js';

const labels = (endpoints: readonly Endpoint[]): Record<string, string | undefined> =>
  Object.fromEntries(endpoints.map(({ host, metadata }) => [host, metadata[RESOLVER_LABEL]]));

describe('the label of merge', () => {
  it('is the kind of the source, with its place where several are of one kind', () => {
    const named = (kind: string, host: string) => ({ ...createManualResolver([`${host}:1`]), kind });
    const { feed } = startFeed(merge(named('dns', 'a'), named('registry', 'b'), named('dns', 'c')));
    expect(labels(feed.resolution().endpoints)).toEqual({ a: 'dns[0]', b: 'registry', c: 'dns[2]' });
  });

  it('is a path where a merge is within a merge, and cannot be forged by a source', () => {
    const inner = merge({ ...createManualResolver(['a:1']), kind: 'dns' });
    const forged = { host: 'b', metadata: { [RESOLVER_LABEL]: 'dns', zone: 'x' } };
    const { feed } = startFeed(merge(inner, { ...createManualResolver([forged]), kind: 'registry' }));
    expect(labels(feed.resolution().endpoints)).toEqual({ a: 'merge(dns)/dns', b: 'registry/dns' });
    expect(feed.resolution().endpoints[1]?.metadata).toMatchObject({ zone: 'x' });
  });

  it('survives an endpoint that has as much metadata as is kept', () => {
    const metadata = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`key${i}`, 'x']));
    const { feed } = startFeed(merge(createManualResolver([{ host: 'a', metadata }])));
    expect(labels(feed.resolution().endpoints)).toEqual({ a: 'manual' });
  });

  it('stays as it is when a source begins to name, or no longer names, what another names in the same words', () => {
    const [first, second] = [createManualResolver(), createManualResolver(['a:1', 'b:1'])];
    const { feed, changes } = startFeed(merge(first, second));
    first.set(['a:1']);
    const { endpoints } = feed.resolution();
    expect(labels(endpoints)).toEqual({ a: 'manual[1]', b: 'manual[1]' });
    const heard = changes.length;
    first.set(['b:1', 'a:1']);
    first.fail(new Error('down'));
    first.set(['a:1']);
    expect(feed.resolution().endpoints).toBe(endpoints);
    expect(changes.length).toBe(heard);
  });

  it('changes with the description, which is the earlier source’s', () => {
    const [first, second] = [createManualResolver(), createManualResolver(['a:1'])];
    const { feed } = startFeed(merge(first, second));
    first.set([{ host: 'a', port: 1, weight: 5 }]);
    expect(feed.resolution().endpoints).toMatchObject([{ weight: 5, metadata: { [RESOLVER_LABEL]: 'manual[0]' } }]);
    first.set(['c:1']);
    expect(labels(feed.resolution().endpoints)).toEqual({ a: 'manual[1]', c: 'manual[0]' });
  });

  it('is true of every endpoint, and the only thing that changes is what must', () => {
    const endpoint = fc
      .record({ host: fc.constantFrom('a', 'b', 'c', 'd'), weight: fc.constantFrom(1, 2) })
      .map((input) => normalizeEndpoint(input) as Endpoint);
    const set = fc.uniqueArray(endpoint, { selector: ({ id }) => id });
    const step = fc.tuple(set, set, set);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const kinds = ['x', 'y', 'z'];
        const union = createLabelledUnion(kinds);
        let before = new Map<string, Endpoint>();
        for (const sets of steps) {
          const result = union(sets);
          const byId = new Map(result.map((each) => [each.id, each]));
          expect(byId.size).toBe(result.length);
          expect([...byId.keys()].sort()).toEqual([...new Set(sets.flat().map(({ id }) => id))].sort());
          for (const each of result) {
            const label = each.metadata[RESOLVER_LABEL] as string;
            const source = sets[kinds.indexOf(label)] as readonly Endpoint[];
            expect(source.some(({ id }) => id === each.id)).toBe(true);
            const first = sets.flat().find(({ id }) => id === each.id) as Endpoint;
            expect(each.weight).toBe(first.weight);
            const known = before.get(each.id);
            const knownSource = sets[kinds.indexOf(known?.metadata[RESOLVER_LABEL] ?? '')];
            const needless = known?.weight === each.weight && knownSource?.some(({ id }) => id === each.id) === true;
            if (needless) expect(sameEndpoint(each, known)).toBe(true);
          }
          before = byId;
        }
      }),
    );
  });
});

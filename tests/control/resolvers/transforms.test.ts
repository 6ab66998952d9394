import { describe, expect, it } from '@jest/globals';

import type { Endpoint, EndpointInput } from '../../../src/core/endpoint.js';
import type { Prober, Resolver, ResolverAnswer } from '../../../src/core/resolver.js';
import { filter } from '../../../src/control/resolvers/filter.js';
import { firstOf } from '../../../src/control/resolvers/first-of.js';
import { mapEndpoints } from '../../../src/control/resolvers/map-endpoints.js';
import { staticResolver } from '../../../src/control/resolvers/static-resolver.js';
import { withWeights } from '../../../src/control/resolvers/with-weights.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createManualResolver } from '../../../src/testing/manual-resolver.js';
import { ids, scriptedProber, startFeed } from '../discovery/feed-harness.js';

/** What comes of one answer, by way of a watcher. */
function through(inputs: readonly EndpointInput[], combine: (resolver: Resolver) => Resolver): readonly Endpoint[] {
  return startFeed(combine(createManualResolver(inputs))).feed.resolution().endpoints;
}

const boom = (): never => {
  throw new Error('boom');
};

const COMBINATORS: [string, (resolver: Resolver, fn: () => never) => Resolver][] = [
  ['filter', filter],
  ['mapEndpoints', mapEndpoints],
  ['withWeights', withWeights],
];

describe.each(COMBINATORS)('%s', (name, combine) => {
  it('reports a function that throws as "could not ask", and keeps what was known', () => {
    let fail = false;
    const resolver = createManualResolver(['a:1']);
    const fn = (endpoint?: Endpoint): never =>
      fail ? boom() : ({ filter: true, mapEndpoints: endpoint }[name] as never);
    const { feed, errors } = startFeed(combine(resolver, fn));
    expect(ids(feed.resolution())).toEqual(['a:1']);
    fail = true;
    resolver.set(['b:1']);
    expect(feed.resolution()).toMatchObject({ status: 'found', endpoints: [{ id: 'http://a:1' }] });
    expect(errors).toMatchObject([{ message: `${name}, for http://b:1: boom` }]);
  });

  it('rejects the question when a function throws', async () => {
    const prober = combine(scriptedProber(createFakeClock(), { endpoints: ['a:1'] }), boom) as Prober;
    const question = prober.resolve({ signal: new AbortController().signal });
    await expect(question).rejects.toThrow(`${name}, for http://a:1: boom`);
  });

  it('reports a function that returns the wrong thing, such as a promise', () => {
    const { errors } = startFeed(combine(createManualResolver(['a:1']), (() => Promise.resolve(true)) as never));
    expect(errors).toMatchObject([{ message: expect.stringMatching(/for http:\/\/a:1: .* an instance of Promise$/) }]);
  });

  it('leaves the time to live, the mark of the source, its failures and its wrong shapes as they are', async () => {
    const never = boom as never;
    const ask = (answer: unknown): Promise<ResolverAnswer> =>
      (combine({ kind: 'x', resolve: async () => answer as ResolverAnswer }, never) as Prober).resolve({
        signal: new AbortController().signal,
      });
    const answer = { endpoints: [], ttlMs: 7, authoritative: true };
    expect(await ask(answer)).toEqual(answer);
    expect(await ask(undefined)).toBeUndefined();
    expect(await ask({ endpoints: 'x' })).toEqual({ endpoints: 'x' });

    const resolver = createManualResolver();
    const { errors } = startFeed(combine(resolver, never));
    const down = new Error('down');
    resolver.fail(down);
    expect(errors).toEqual([down]);
  });

  it('leaves an input that is no endpoint to whoever reads the answer', () => {
    const resolver = createManualResolver(['h:0', 'a:1']);
    const { refused } = startFeed(
      combine(resolver, ((endpoint: Endpoint) => ({ filter: true, mapEndpoints: endpoint })[name]) as never),
    );
    expect(refused).toMatchObject([[{ input: '"h:0"' }]]);
  });

  it('stops with its watcher, and passes a refresh and the name of the service on to the resolver within', async () => {
    const asked: unknown[] = [];
    const prober: Prober = {
      kind: 'p',
      resolve: async ({ service }) => (asked.push(service), { endpoints: ['h:0', 'h:1'], ttlMs: 300_000 }),
    };
    const resolver = createManualResolver();
    const { feed, clock } = startFeed(combine(firstOf(resolver, prober), boom));
    resolver.fail(new Error('down'));
    await clock.advanceAsync(5_000);
    expect(asked).toEqual(['orders']);
    feed.refresh();
    await clock.advanceAsync(0);
    expect(asked).toEqual(['orders', 'orders']);
    feed.close();
    expect(resolver.watchers).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is named after the resolver within, and refuses what is none', () => {
    expect(combine(staticResolver([]), boom).kind).toBe(`${name}(static)`);
    expect(() => combine({} as Resolver, boom)).toThrow(`ERR_INVALID_OPTION: ${name}: must be a resolver`);
    expect(() => combine(staticResolver([]), 7 as never)).toThrow(`ERR_INVALID_OPTION: ${name}.`);
  });
});

describe('filter', () => {
  it('keeps whom the predicate accepts', () => {
    const inputs = ['a:1', { host: 'b', port: 2, metadata: { version: '2' } }];
    expect(through(inputs, (r) => filter(r, ({ metadata }) => metadata['version'] === '2'))).toMatchObject([
      { id: 'http://b:2' },
    ]);
  });

  it('leaves an answer of which nothing is left to the doubt about empty ones', () => {
    let accept = true;
    const resolver = createManualResolver(['a:1']);
    const { feed } = startFeed(filter(resolver, () => accept));
    accept = false;
    resolver.set(['a:1']);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty' });
  });
});

describe('mapEndpoints', () => {
  it('lets an id that was made from the address follow it, and keeps one that the source gave', () => {
    const inputs: EndpointInput[] = ['a:1', { host: 'b', port: 1, id: 'machine-b' }];
    const mapped = through(inputs, (r) => mapEndpoints(r, (endpoint) => ({ ...endpoint, port: 9 })));
    expect(mapped.map(({ id, port }) => [id, port])).toEqual([
      ['http://a:9', 9],
      ['machine-b', 9],
    ]);
  });

  it('takes texts, and an id of its own', () => {
    expect(through(['a:1'], (r) => mapEndpoints(r, ({ host }) => `https://${host}:2`))).toMatchObject([
      { id: 'https://a:2' },
    ]);
    expect(through(['a:1'], (r) => mapEndpoints(r, (e) => ({ ...e, id: 'x' })))).toMatchObject([{ id: 'x' }]);
  });

  it('leaves endpoints that are made equal, or wrong, to whoever reads the answer', () => {
    const { feed, refused } = startFeed(mapEndpoints(createManualResolver(['a:1', 'b:1']), () => 'c:1'));
    expect(ids(feed.resolution())).toEqual(['c:1']);
    expect(refused).toMatchObject([[{ reason: 'another endpoint has the id http://c:1' }]]);
  });
});

describe('withWeights', () => {
  const weights = (given: Parameters<typeof withWeights>[1], inputs: readonly EndpointInput[]): number[] =>
    through(inputs, (r) => withWeights(r, given)).map(({ weight }) => weight);

  it('finds a weight by id, by host and port, by host, and otherwise keeps the source’s', () => {
    const inputs: EndpointInput[] = [
      { host: 'a', port: 1, id: 'x' },
      'a:2',
      'a:3',
      '[::1]:4',
      { host: 'b', weight: 7 },
      { host: 'c', port: 1, weight: 7 },
    ];
    const given = { x: 2, 'a:2': 3, a: 4, '[::1]:4': 5, b: 0 };
    expect(weights(given, inputs)).toEqual([2, 3, 4, 5, 0, 7]);
  });

  it('asks a function, for which undefined means the source’s', () => {
    expect(weights(({ port }) => (port === 1 ? 0.5 : undefined), ['a:1', { host: 'a', port: 2, weight: 3 }])).toEqual([
      0.5, 3,
    ]);
  });

  it('does not take what every object inherits for a weight, nor later changes of the record', () => {
    const given: Record<string, number> = { a: 2 };
    const resolver = withWeights(createManualResolver(['a:1', 'constructor:1']), given);
    given['a'] = 9;
    expect(
      startFeed(resolver)
        .feed.resolution()
        .endpoints.map(({ weight }) => weight),
    ).toEqual([2, 1]);
  });

  it.each([-1, NaN, Infinity, 1_000_001, '1'])('refuses the weight %p', (weight) => {
    expect(() => withWeights(staticResolver([]), { a: weight as number })).toThrow(
      /^ERR_INVALID_OPTION: withWeights\.weights\.a: must be/,
    );
    const { errors } = startFeed(withWeights(createManualResolver(['a:1']), () => weight as number));
    expect(errors).toMatchObject([{ message: expect.stringMatching(/a weight must be a number from 0 to 1000000/) }]);
  });
});

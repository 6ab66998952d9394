import { describe, expect, it } from '@jest/globals';

import type { Resolver, WatchContext } from '../../../src/core/resolver.js';
import { firstOf } from '../../../src/control/resolvers/first-of.js';
import { merge } from '../../../src/control/resolvers/merge.js';
import { staticResolver } from '../../../src/control/resolvers/static-resolver.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createManualResolver, type ManualResolver } from '../../../src/testing/manual-resolver.js';
import { endpoints, ids, scriptedProber, startFeed } from '../discovery/feed-harness.js';

const DOWN = new Error('registry down');
const LATER = new Error('DNS down');

describe('staticResolver', () => {
  it('is known as soon as the feed has started, and vouches for its list', () => {
    const { feed, clock } = startFeed(staticResolver(['a:1', { host: 'b', weight: 2 }]));
    expect(feed.resolution()).toMatchObject({ status: 'found', endpoints: [{ id: 'http://a:1' }, { weight: 2 }] });
    expect(clock.pendingTimers).toBe(0);
    expect(startFeed(staticResolver([])).feed.resolution().status).toBe('none');
  });

  it('keeps nothing of the list that it was given', () => {
    const list = ['a:1'];
    const resolver = staticResolver(list);
    list.push('b:1');
    expect(ids(startFeed(resolver).feed.resolution())).toEqual(['a:1']);
  });

  it.each<[unknown, RegExp]>([
    [['a:1', 'h:0'], /^ERR_INVALID_OPTION: staticResolver\[1\]: "h:0"/],
    [['a:1', 'http://a:1'], /staticResolver\[1\]: another endpoint has the id http:\/\/a:1/],
    [[{ host: 'a', weight: -1 }], /staticResolver\[0\]: "a": weight/],
    ['a:1', /must be an array/],
  ])('refuses %j and says which endpoint is wrong', (list, message) => {
    expect(() => staticResolver(list as string[])).toThrow(message);
  });
});

describe('firstOf', () => {
  it('uses the first alone while it knows somebody', () => {
    const [first, second] = [createManualResolver(['a:1']), createManualResolver(['b:1'])];
    const { feed } = startFeed(firstOf(first, second));
    expect(ids(feed.resolution())).toEqual(['a:1']);
    expect(second.watchers).toBe(0);
  });

  it('asks the next at once when the first fails or has nobody, and leaves it when the first comes back', () => {
    for (const lose of [(r: ManualResolver) => r.fail(DOWN), (r: ManualResolver) => r.set([])]) {
      const [first, second] = [createManualResolver(), createManualResolver(['b:1'])];
      const { feed } = startFeed(firstOf(first, second));
      expect(second.watchers).toBe(0);
      lose(first);
      expect(ids(feed.resolution())).toEqual(['b:1']);
      expect(feed.resolution().error).toBeUndefined();
      first.set(['a:1']);
      expect(ids(feed.resolution())).toEqual(['a:1']);
      expect(second.watchers).toBe(0);
    }
  });

  it('does not let a source that is silent keep the next one waiting for long', () => {
    const [first, second] = [createManualResolver(), createManualResolver(['b:1'])];
    const { feed, clock } = startFeed(firstOf(first, second));
    clock.advance(1_799);
    expect(feed.resolution().status).toBe('unknown');
    clock.advance(1);
    expect(ids(feed.resolution())).toEqual(['b:1']);
    expect(first.watchers).toBe(1);
  });

  it('goes on with what the first knew while it fails, and says that it fails', () => {
    const [first, second] = [createManualResolver(['a:1']), createManualResolver(['b:1'])];
    const { feed, clock, errors } = startFeed(firstOf(first, second));
    clock.advance(1_000);
    first.fail(DOWN);
    expect(feed.resolution()).toMatchObject({
      status: 'found',
      error: DOWN,
      answeredAtMs: 1_000,
      failingSinceMs: 2_000,
    });
    expect(second.watchers).toBe(0);
    expect(errors).toEqual([DOWN]);
    first.set(['a:1']);
    expect(feed.resolution()).toMatchObject({ error: undefined, answeredAtMs: 2_000 });
  });

  it('takes the next when what the first knew is too old', () => {
    const [first, second] = [createManualResolver(['a:1']), createManualResolver(['b:1'])];
    const { feed, clock } = startFeed(firstOf(first, second), { settings: { staleMs: 60_000 } });
    first.fail(DOWN);
    clock.advance(59_999);
    expect(ids(feed.resolution())).toEqual(['a:1']);
    clock.advance(1);
    expect(ids(feed.resolution())).toEqual(['b:1']);
  });

  it('doubts a sudden emptiness of the first before it moves on', () => {
    const [first, second] = [createManualResolver(endpoints(4)), createManualResolver(['b:1'])];
    const { feed, clock } = startFeed(firstOf(first, second));
    first.set([]);
    clock.advance(29_999);
    expect(feed.resolution().endpoints).toHaveLength(4);
    clock.advance(1);
    expect(ids(feed.resolution())).toEqual(['b:1']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('says none only when all say so, and failed when one that fails may hide somebody', () => {
    const [first, second] = [createManualResolver(), createManualResolver()];
    const { feed, errors } = startFeed(firstOf(first, second));
    first.set([]);
    second.set([]);
    expect(feed.resolution().status).toBe('none');
    first.fail(DOWN);
    expect(feed.resolution()).toMatchObject({ status: 'failed', error: DOWN });
    second.fail(LATER);
    const { error } = feed.resolution() as { error: AggregateError };
    expect(error.message).toBe('manual: registry down; manual: DNS down');
    expect(error.errors).toEqual([DOWN, LATER]);
    expect(errors).toHaveLength(2);
  });

  it('reports the failure of a source that is not in use without failing', () => {
    const [first, second] = [createManualResolver(), createManualResolver(['b:1'])];
    const { feed, errors } = startFeed(firstOf(first, second));
    first.fail(DOWN);
    first.fail(LATER);
    expect(errors).toEqual([DOWN, LATER]);
    expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined });
  });

  it('reports what failed in a part of the source in use without failing', () => {
    let reportError: (error: unknown) => void = () => {};
    const first: Resolver = {
      kind: 'two-addresses',
      watch(receiver, ctx) {
        ({ reportError } = ctx as WatchContext & { reportError: typeof reportError });
        receiver.update({ endpoints: ['a:1'] });
      },
    };
    for (const combined of [firstOf(first, createManualResolver(['b:1'])), merge(first, createManualResolver([]))]) {
      const { feed, errors } = startFeed(combined);
      reportError(DOWN);
      expect(errors).toEqual([DOWN]);
      expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined, failingSinceMs: undefined });
      expect(ids(feed.resolution())).toEqual(['a:1']);
    }
  });

  it('passes a refresh on to its sources, and the refused inputs up', async () => {
    const clock = createFakeClock();
    const prober = scriptedProber(clock, { endpoints: ['a:1', 'h:0'] });
    const { feed, refused } = startFeed(firstOf(prober), { clock });
    await clock.advanceAsync(10_000);
    expect(feed.refresh()).toBe(true);
    expect(feed.refresh()).toBe(false);
    await clock.advanceAsync(20_000);
    expect(prober.askedAtMs).toEqual([1_000, 11_000, 16_000]);
    expect(refused).toHaveLength(1);
  });

  it('confirms the age of what it hands on with each answer of its source', async () => {
    const clock = createFakeClock();
    const { feed } = startFeed(firstOf(scriptedProber(clock, { endpoints: ['a:1'] })), { clock });
    await clock.advanceAsync(27_000);
    expect(feed.resolution().answeredAtMs).toBe(28_000);
  });

  it('nests, and names itself after its parts', () => {
    const resolver = firstOf(merge(staticResolver([]), createManualResolver()), staticResolver(['a:1']));
    expect(resolver.kind).toBe('first-of(merge(static,manual),static)');
    const { feed, clock } = startFeed(resolver);
    clock.advance(1_800);
    expect(feed.resolution().status).toBe('found');
  });

  it('works for a watcher that passes on only the public context', () => {
    const inner = firstOf(createManualResolver(['a:1']));
    const wrapper: Resolver = {
      kind: 'wrapper',
      watch: (receiver, { signal, clock, random }: WatchContext) => inner.watch(receiver, { signal, clock, random }),
    };
    expect(startFeed(wrapper).feed.resolution().status).toBe('found');
  });

  it.each([firstOf, merge])('refuses no resolvers, and what is none', (combine) => {
    expect(() => combine()).toThrow(/needs at least one resolver/);
    expect(() => combine(staticResolver([]), {} as Resolver)).toThrow(/\[1\]: must be a resolver/);
  });
});

describe('merge', () => {
  it('is the union, the earlier source winning', () => {
    const { feed } = startFeed(merge(staticResolver(['a:1', { host: 'b', weight: 2 }]), staticResolver(['c:1', 'b'])));
    expect(feed.resolution().endpoints.map(({ id, weight }) => `${id} ${weight}`)).toEqual([
      'http://a:1 1',
      'http://b 2',
      'http://c:1 1',
    ]);
  });

  it('begins with who answers first, but does not say none while one is silent', () => {
    const [one, two] = [createManualResolver(), createManualResolver()];
    const { feed } = startFeed(merge(one, two));
    one.set([]);
    expect(feed.resolution().status).toBe('unknown');
    two.set(['b:1']);
    expect(feed.resolution().status).toBe('found');
    const none = startFeed(merge(staticResolver([]), staticResolver([])));
    expect(none.feed.resolution().status).toBe('none');
  });

  it('keeps what a failing branch knew, and fails only when every branch does', () => {
    const [one, two] = [createManualResolver(['a:1']), createManualResolver(['b:1'])];
    const { feed, errors } = startFeed(merge(one, two));
    one.fail(DOWN);
    expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined });
    expect(errors).toEqual([DOWN]);
    two.set(['b:2', 'b:3']);
    expect(ids(feed.resolution())).toEqual(['a:1', 'b:2', 'b:3']);
    two.fail(LATER);
    expect(feed.resolution()).toMatchObject({ status: 'found', endpoints: { length: 3 } });
    expect(String((feed.resolution().error as Error).message)).toBe('manual: registry down; manual: DNS down');
  });

  it('drops what a failing branch knew when it is too old', () => {
    const [one, two] = [createManualResolver(['a:1']), createManualResolver(['b:1'])];
    const { feed, clock } = startFeed(merge(one, two), { settings: { staleMs: 60_000 } });
    one.fail(DOWN);
    clock.advance(60_000);
    expect(ids(feed.resolution())).toEqual(['b:1']);
  });

  it('fails at first when one branch fails and the others have nobody', () => {
    const { feed } = startFeed(merge(createManualResolver([]), failing()));
    expect(feed.resolution()).toMatchObject({ status: 'failed', error: DOWN });
  });

  it('stops its branches when it is stopped', () => {
    for (const combine of [merge, firstOf]) {
      const branch = createManualResolver();
      const { feed, clock } = startFeed(combine(branch, createManualResolver()));
      expect(branch.watchers).toBe(1);
      feed.close();
      expect(branch.watchers).toBe(0);
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

function failing(): Resolver {
  const resolver = createManualResolver();
  resolver.fail(DOWN);
  return resolver;
}

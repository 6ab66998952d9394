/** Registries that ask to be left in peace for a while, by Retry-After with 429 or 503. */

import { describe, expect, it } from '@jest/globals';

import { consulResolver } from '../../../src/control/resolvers/consul/consul-resolver.js';
import { eurekaResolver } from '../../../src/control/resolvers/eureka/eureka-resolver.js';
import { nacosResolver } from '../../../src/control/resolvers/nacos/nacos-resolver.js';
import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import type { Resolver } from '../../../src/core/resolver.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { startFeed, type FeedHarness } from '../discovery/feed-harness.js';
import { fakeFetch } from './fake-registry.js';

type Fetch = typeof globalThis.fetch;
type Answer = { readonly status: number; readonly retryAfter?: string };

const url = 'http://a/';
const KINDS: readonly [string, (fetch: Fetch, urls?: string[]) => Resolver][] = [
  ['polled', (fetch, urls) => registryResolver({ url: urls ?? url, fetch })],
  ['polled by index', (fetch, urls) => registryResolver({ url: urls ?? url, fetch, longPoll: true })],
  ['pushing', (fetch, urls) => registryResolver({ url: urls ?? url, fetch, sse: true })],
  ['Consul', (fetch, urls) => consulResolver({ service: 'orders', url: urls ?? url, fetch })],
  ['Eureka', (fetch, urls) => eurekaResolver({ app: 'orders', url: urls ?? url, fetch })],
  ['Nacos', (fetch, urls) => nacosResolver({ service: 'orders', url: urls ?? url, fetch, version: 'v1' })],
];

interface Course extends FeedHarness {
  /** When each host was asked, in milliseconds from the start. */
  readonly asked: (host?: string) => number[];
}

function start(create: (fetch: Fetch, urls?: string[]) => Resolver, answers: Record<string, Answer>): Course {
  const clock = createFakeClock();
  const startMs = clock.now();
  const asked: { host: string; atMs: number }[] = [];
  const { fetch } = fakeFetch(({ url: { host } }) => {
    asked.push({ host, atMs: clock.now() - startMs });
    const { status, retryAfter } = answers[host]!;
    return new Response(null, { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } });
  });
  const resolver = create(
    fetch,
    Object.keys(answers).length > 1 ? Object.keys(answers).map((host) => `http://${host}/`) : undefined,
  );
  const feed = startFeed(resolver, { clock });
  return {
    ...feed,
    asked: (host) => asked.filter((one) => host === undefined || one.host === host).map(({ atMs }) => atMs),
  };
}

describe.each(KINDS)('a registry that is %s', (_, create) => {
  it.each([429, 503])('and answers %i is not asked before the time that it names, and soon after', async (status) => {
    const { clock, feed, asked, errors } = start(create, { a: { status, retryAfter: '20' } });
    await clock.advanceAsync(19_900);
    // Neither by a client whose connections fail.
    feed.refresh();
    await clock.advanceAsync(50);
    expect(asked()).toEqual([0]);
    expect(String(errors[0])).toContain(`status ${status}`);
    await clock.advanceAsync(2_000);
    expect(asked()).toHaveLength(2);
    expect(asked()[1]).toBeGreaterThanOrEqual(20_000);
    feed.close();
  });

  it('is believed for a minute at most, and not about other failures', async () => {
    const patient = start(create, { a: { status: 503, retryAfter: '86400' } });
    await patient.clock.advanceAsync(59_900);
    expect(patient.asked()).toHaveLength(1);
    await patient.clock.advanceAsync(2_000);
    expect(patient.asked()).toHaveLength(2);
    patient.feed.close();
    const broken = start(create, { a: { status: 500, retryAfter: '86400' } });
    await broken.clock.advanceAsync(3_000);
    expect(broken.asked().length).toBeGreaterThan(1);
    broken.feed.close();
  });

  it('does not keep another address from being asked', async () => {
    const { clock, feed, asked } = start(create, { a: { status: 503, retryAfter: '30' }, b: { status: 500 } });
    await clock.advanceAsync(29_900);
    expect(asked('a')).toEqual([0]);
    expect(asked('b').length).toBeGreaterThan(2);
    feed.close();
  });
});

it('a date is as good as a number of seconds', async () => {
  const inAMinute = new Date(Date.now() + 30_000).toUTCString();
  const [, create] = KINDS[0]!;
  const { clock, asked, feed } = start(create, { a: { status: 503, retryAfter: inAMinute } });
  await clock.advanceAsync(25_000);
  expect(asked()).toHaveLength(1);
  await clock.advanceAsync(10_000);
  expect(asked()).toHaveLength(2);
  feed.close();
});

import { describe, expect, it } from '@jest/globals';

import type { RegistryResolverOptions } from '../../../src/control/resolvers/registry-options.js';
import { registryResolver } from '../../../src/control/resolvers/registry-resolver.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { ids, startFeed } from '../discovery/feed-harness.js';
import { fakeFetch, fakeStream, groups, type FakeStream } from './fake-registry.js';

/** A registry that opens a stream for every request, unless `refuse` says otherwise. */
function setUp(
  options: Partial<RegistryResolverOptions> = {},
  { random = 0.5, prepare = () => {} }: { random?: number; prepare?: (stream: FakeStream, count: number) => void } = {},
) {
  const clock = createFakeClock();
  const streams: FakeStream[] = [];
  const openedAtMs: number[] = [];
  let refuse: (() => Response | Promise<Response>) | undefined;
  const { fetch, sent } = fakeFetch((_, count) => {
    openedAtMs.push(clock.now() - 1_000);
    if (refuse !== undefined) return refuse();
    const stream = fakeStream();
    streams.push(stream);
    prepare(stream, count);
    return stream.response;
  });
  const resolver = registryResolver({ url: 'http://registry/orders', fetch, sse: true, ...options });
  const harness = startFeed(resolver, { clock, random: { next: () => random } });
  return {
    ...harness,
    sent,
    streams,
    openedAtMs,
    lastIds: () => sent.map(({ headers }) => headers.get('last-event-id')),
    known: () => ids(harness.feed.resolution()),
    stream: () => streams.at(-1) as FakeStream,
    refuseWith: (how: typeof refuse) => (refuse = how),
    settle: (ms = 0) => clock.advanceAsync(ms, { eventLoop: true }),
  };
}

describe('registryResolver with sse', () => {
  it('asks for a stream, and takes each event as the whole list', async () => {
    const { sent, stream, settle, known } = setUp();
    await settle();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.headers.get('accept')).toBe('text/event-stream');
    expect(sent[0]?.headers.get('cache-control')).toBe('no-store');
    expect(sent[0]?.headers.get('last-event-id')).toBeNull();
    stream().list(['a:1', 'b:1', 'c:1']);
    await settle();
    expect(known()).toEqual(['a:1', 'b:1', 'c:1']);
    await settle(20_000);
    stream().list(['a:1', 'd:1']);
    await settle();
    expect(known()).toEqual(['a:1', 'd:1']);
    expect(sent).toHaveLength(1);
  });

  it('reads events in any pieces, by the rules of the standard', async () => {
    const { stream, settle, known } = setUp();
    await settle();
    const text = `\uFEFF: hello\r\nretry: 10\r\n\r\ndata: [{"targets":\r\ndata: ["a:1"]}]\r\n\r\n`;
    for (const byte of text) stream().send(byte);
    await settle();
    expect(known()).toEqual(['a:1']);
    stream().send('data: [{"targets": ["b:1"', ']}]\r', '\r');
    await settle(100);
    expect(known()).toEqual(['b:1']);
  });

  it('passes over events of other types and without data, unless told which type holds the list', async () => {
    const body = JSON.stringify(groups('a:1'));
    const plain = setUp();
    await plain.settle();
    plain.stream().send(`event: snapshot\ndata: ${body}\n\n`, 'data:\n\n', `event: ping\ndata: {}\n\n`);
    await plain.settle();
    expect(plain.feed.resolution().status).toBe('unknown');
    plain.feed.close();

    const typed = setUp({ sse: { event: 'snapshot' } });
    await typed.settle();
    typed.stream().send(`data: nonsense\n\n`, `event: snapshot\ndata: ${body}\n\n`);
    await typed.settle();
    expect(typed.known()).toEqual(['a:1']);
  });

  it('parses and maps what an event holds', async () => {
    const { stream, settle, known } = setUp({
      parse: (body) => (body as { nodes: [string, number][] }).nodes as never,
      map: (([host, port]: [string, number]) => ({ host, port })) as never,
    });
    await settle();
    stream().send('data: {"nodes": [["a", 1]]}\n\n');
    await settle();
    expect(known()).toEqual(['a:1']);
  });

  it('hands on the newest of a burst only', async () => {
    const { stream, settle, known, answers } = setUp();
    await settle();
    for (let i = 0; i < 50; i++) {
      stream().list([`h${i}:1`]);
      await settle(1);
    }
    expect(answers.length).toBe(1);
    await settle(100);
    expect(known()).toEqual(['h49:1']);
    expect(answers.length).toBe(2);
  });

  it('comes back after the registry ended the stream, with the id of the last event', async () => {
    const { stream, settle, known, lastIds, openedAtMs, errors } = setUp();
    await settle();
    stream().list(['a:1'], '7');
    await settle(12_000);
    stream().end();
    // A stream that lasted is followed at once, but for some jitter.
    await settle(250);
    expect(lastIds()).toEqual([null, '7']);
    expect(openedAtMs[1]).toBe(12_125);
    // What goes on has nothing to say, and that is fine.
    await settle(30_000);
    expect(known()).toEqual(['a:1']);
    stream().list(['b:1'], '8');
    await settle();
    expect(known()).toEqual(['b:1']);
    expect(errors).toEqual([]);
    stream().end();
    await settle(1_000);
    expect(lastIds()).toEqual([null, '7', '8']);
  });

  it('keeps the id over a stream that said nothing, and sends none that HTTP does not allow', async () => {
    const { stream, settle, lastIds } = setUp();
    await settle();
    stream().list(['a:1'], 'ünï 7');
    await settle(12_000);
    stream().end();
    await settle(12_000);
    stream().end();
    await settle(12_000);
    const utf8 = Buffer.from('ünï 7').toString('latin1');
    expect(lastIds()).toEqual([null, utf8, utf8]);
    for (const bad of ['a\u0001b', 'x'.repeat(1_001), ' ']) {
      stream().send(`id:  ${bad}\ndata: []\n\n`);
      await settle(12_000);
      stream().end();
      await settle(1_000);
      expect(lastIds().at(-1)).toBeNull();
      stream().list(['a:1']);
      await settle(12_000);
    }
  });

  it('forgets the id when the connection breaks, when the list is renewed, and after a failure', async () => {
    const { stream, settle, lastIds, errors, feed, known, refuseWith } = setUp();
    await settle();
    stream().list(['a:1'], '7');
    await settle(12_000);
    stream().break(new Error('ECONNRESET'));
    await settle(1_000);
    expect(lastIds()).toEqual([null, null]);
    // Told, and no failure of discovery yet.
    expect(String(errors[0])).toBe('Error: GET http://registry/orders: ECONNRESET');
    expect(feed.resolution().error).toBeUndefined();
    stream().list(['a:1'], '7');
    await settle(12_000);
    stream().end();
    refuseWith(() => new Response('', { status: 503 }));
    await settle(1_000);
    expect(lastIds().slice(2)).toEqual(['7', null]);
    expect(feed.resolution()).toMatchObject({ status: 'found' });
    expect(String(feed.resolution().error)).toContain('status 503');
    expect(known()).toEqual(['a:1']);
  });

  it('opens a silent stream anew, which comments prevent', async () => {
    const { stream, streams, settle, lastIds, openedAtMs, errors } = setUp();
    await settle();
    stream().list(['a:1'], '7');
    for (let i = 0; i < 10; i++) {
      await settle(15_000);
      stream().send(':\n\n');
    }
    await settle(44_999);
    expect(streams).toHaveLength(1);
    await settle(1);
    expect(streams[0]?.cancelled).toBe(true);
    await settle(125);
    expect(openedAtMs).toEqual([0, 195_125]);
    expect(lastIds()).toEqual([null, '7']);
    expect(errors).toEqual([]);
  });

  it('takes the whole list anew after its age, whatever the stream says', async () => {
    const { streams, settle, lastIds, openedAtMs } = setUp({}, { prepare: (stream) => stream.list(['a:1'], '7') });
    for (let i = 0; i < 61; i++) {
      await settle(5_000);
      streams.at(-1)?.send(': alive\n');
    }
    expect(openedAtMs).toEqual([0, 300_000]);
    expect(lastIds()).toEqual([null, null]);
    expect(streams[0]?.cancelled).toBe(true);
  });

  it('varies that age by a tenth either way, so that clients do not come together', async () => {
    for (const [random, ageMs] of [
      [0, 90_000],
      [0.999_999, 110_000],
    ] as const) {
      const { streams, settle, openedAtMs, feed } = setUp(
        { sse: { maxAgeMs: 100_000, idleTimeoutMs: 500_000 } },
        { random, prepare: (stream) => stream.list(['a:1']) },
      );
      await settle(115_000);
      expect(streams).toHaveLength(2);
      expect(Math.abs((openedAtMs[1] as number) - ageMs)).toBeLessThan(2);
      feed.close();
    }
  });

  it('takes the whole list anew when the caller sees connections fail', async () => {
    const { stream, streams, settle, lastIds, known, feed } = setUp();
    await settle();
    stream().list(['a:1'], '7');
    await settle(8_000);
    feed.refresh();
    await settle();
    expect(streams).toHaveLength(2);
    expect(lastIds()).toEqual([null, null]);
    stream().list(['b:1']);
    await settle();
    expect(known()).toEqual(['b:1']);
  });

  it('waits as long as the stream asked before it comes back, but no longer than half a minute', async () => {
    for (const [retry, waitMs] of [
      ['4000', 4_000 + 125],
      ['99999999', 30_000 + 125],
    ] as const) {
      const { stream, settle, openedAtMs, feed } = setUp();
      await settle();
      stream().send(`retry: ${retry}\n`);
      stream().list(['a:1']);
      await settle(12_000);
      stream().end();
      await settle(60_000);
      expect(openedAtMs[1]).toBe(12_000 + waitMs);
      feed.close();
    }
  });

  it('asks a registry that ends each stream at once no faster than one that is polled', async () => {
    const { openedAtMs, settle, errors, known } = setUp(
      {},
      {
        prepare: (stream) => {
          stream.list(['a:1']);
          stream.end();
        },
      },
    );
    await settle(100_000);
    // 0.5, 1, 2, 4, 8, then 10 s each, and some jitter.
    expect(openedAtMs.length).toBeGreaterThan(10);
    expect(openedAtMs.length).toBeLessThan(15);
    expect(known()).toEqual(['a:1']);
    expect(errors).toEqual([]);
  });

  it('backs off while the registry fails, and never gives up', async () => {
    const { openedAtMs, settle, refuseWith, feed } = setUp({}, { prepare: (stream) => stream.list(['a:1']) });
    // A browser would stop for good here.
    refuseWith(() => new Response(null, { status: 204 }));
    await settle(120_000);
    expect(String(feed.resolution().error)).toContain('status 204');
    // 250 + 0.5 · (250, 500, ... 16 000), then 15 250 each.
    expect(openedAtMs.length).toBeGreaterThan(8);
    expect(openedAtMs.length).toBeLessThan(20);
    refuseWith(undefined);
    await settle(15_250);
    expect(feed.resolution()).toMatchObject({ status: 'found', error: undefined });
  });

  it.each<[string, (stream: FakeStream) => void]>([
    ['JSON', (stream) => stream.send('data: [{"targets": ["127.0.\n\n')],
    ['no array of target groups', (stream) => stream.send('data: {}\n\n')],
    ['larger than 1000 bytes', (stream) => stream.send(`data: ${'x'.repeat(1_000)}`)],
    ['nested deeper than 5', (stream) => stream.send(`data: ${'['.repeat(6)}\n\n`)],
  ])('could not ask when an event is bad: %s; closes that stream and opens another', async (reason, misbehave) => {
    const { stream, streams, settle, feed, known, lastIds } = setUp({ maxBytes: 1_000, maxDepth: 5 });
    await settle();
    stream().list(['a:1'], '7');
    await settle(100);
    misbehave(stream());
    await settle();
    expect(String(feed.resolution().error)).toMatch(new RegExp(`^Error: GET http://registry/orders: .*${reason}`));
    expect(feed.resolution().status).toBe('found');
    expect(streams[0]?.cancelled).toBe(true);
    await settle(1_000);
    expect(lastIds()).toEqual([null, null]);
    stream().list(['b:1']);
    await settle();
    expect([known(), feed.resolution().error]).toEqual([['b:1'], undefined]);
  });

  it.each<[string, () => Response]>([
    [
      'no event stream: application/json',
      () => new Response('[]', { headers: { 'content-type': 'application/json' } }),
    ],
    ['no event stream: text/event-streams', () => fakeStream({ 'content-type': 'text/event-streams' }).response],
    ['redirects', () => new Response(null, { status: 307, headers: { location: 'http://evil/' } })],
    ['status 500', () => new Response('x', { status: 500 })],
    ['ended before its first list', () => new Response('', { headers: { 'content-type': 'text/event-stream;x=y' } })],
  ])('could not ask: %s', async (reason, respond) => {
    const { settle, feed } = setUp({ fetch: fakeFetch(respond).fetch });
    await settle();
    expect(String(feed.resolution().error)).toContain(reason);
    feed.close();
  });

  it('gives up a stream that does not open, says nothing, or never ends its event, each in time', async () => {
    const starts: ((stream: FakeStream) => Promise<Response> | Response)[] = [
      () => new Promise(() => {}),
      (stream) => stream.response,
      (stream) => {
        stream.send('event: other\ndata: x\n\n', ': alive\n');
        return stream.response;
      },
    ];
    for (const start of starts) {
      const stream = fakeStream();
      const { settle, feed, clock } = setUp({ fetch: fakeFetch(() => start(stream)).fetch, timeoutMs: 2_000 });
      await settle(1_999);
      expect(feed.resolution().error).toBeUndefined();
      await settle(1);
      expect(String(feed.resolution().error)).toContain('within 2000 ms');
      feed.close();
      await settle();
      expect(clock.pendingTimers).toBe(0);
    }
    const { stream, settle, feed } = setUp({ timeoutMs: 2_000 });
    await settle();
    stream().list(['a:1']);
    await settle(5_000);
    // A byte now and then: never silent, and never done.
    stream().send('data: ');
    for (let i = 0; i < 5; i++) {
      await settle(399);
      stream().send('x');
    }
    expect(feed.resolution().error).toBeUndefined();
    await settle(5);
    expect(String(feed.resolution().error)).toContain('no whole list within 2000 ms');
  });

  it('takes no busy stream, whose events always end in mid chunk, for one that never ends its event', async () => {
    const { stream, settle, feed, streams } = setUp({ timeoutMs: 2_000 });
    await settle();
    const body = `data: ${JSON.stringify(groups('a:1'))}\n\n`;
    stream().send(body + body.slice(0, 10));
    for (let i = 0; i < 20; i++) {
      await settle(500);
      stream().send(body.slice(10) + body.slice(0, 10));
    }
    expect([feed.resolution().error, streams.length]).toEqual([undefined, 1]);
  });

  it('asks for the headers for every stream, and repeats no token in an error', async () => {
    let n = 0;
    const { stream, settle, sent, errors, refuseWith } = setUp({
      headers: async () => ({ authorization: `Bearer rotating-${++n}`, accept: 'application/json' }),
    });
    await settle();
    stream().list(['a:1']);
    await settle(12_000);
    refuseWith(() => {
      throw new Error('refused Bearer rotating-2');
    });
    stream().end();
    await settle(200);
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer rotating-1', 'Bearer rotating-2']);
    expect(sent[1]?.headers.get('accept')).toBe('text/event-stream');
    expect(String(errors[0])).toContain('refused ***');
  });

  it('ends at once when it is closed, and leaves nothing behind', async () => {
    for (const closeAt of ['opening', 'waiting', 'open', 'pausing'] as const) {
      const { stream, streams, settle, feed, clock, sent } = setUp();
      if (closeAt !== 'opening') await settle();
      if (closeAt === 'open' || closeAt === 'pausing') stream().list(['a:1']);
      if (closeAt === 'open') await settle(1_000);
      if (closeAt === 'pausing') await settle(1);
      feed.close();
      await settle(1_000);
      expect(clock.pendingTimers).toBe(0);
      expect(streams.every(({ cancelled }) => cancelled) || closeAt === 'opening').toBe(true);
      await settle(1_000_000);
      expect(sent).toHaveLength(1);
    }
  });
});

describe('registryResolver with sse and several addresses', () => {
  /** Registries by host, each of which opens streams, breaks, or hangs. */
  function registries(behaviours: Record<string, 'opens' | 'mute' | 'breaks' | 'hangs'>) {
    const clock = createFakeClock();
    const opened: [string, FakeStream][] = [];
    const { fetch, sent } = fakeFetch(({ url: { hostname } }) => {
      const behaviour = behaviours[hostname];
      if (behaviour === 'hangs') return new Promise(() => {});
      if (behaviour === 'breaks') throw new Error(`${hostname} broke off`);
      const stream = fakeStream();
      opened.push([hostname, stream]);
      if (behaviour === 'opens') stream.list([`${hostname}:1`], `${hostname}-1`);
      return stream.response;
    });
    const urls = Object.keys(behaviours).map((host) => `http://${host}/orders`);
    const feed = startFeed(registryResolver({ url: urls, fetch, sse: true }), { clock });
    return {
      ...feed,
      behaviours,
      opened,
      asked: () => sent.splice(0).map(({ url, headers }) => [url.hostname, headers.get('last-event-id')]),
      known: () => ids(feed.feed.resolution()),
      settle: (ms = 0) => clock.advanceAsync(ms, { eventLoop: true }),
    };
  }

  it('goes to the next address at once when one fails, and tells it no id of another', async () => {
    const { asked, known, opened, behaviours, settle, errors, feed } = registries({ a: 'opens', b: 'opens' });
    await settle(12_000);
    behaviours['a'] = 'breaks';
    opened[0]?.[1].end();
    await settle(200);
    expect(known()).toEqual(['b:1']);
    expect(asked()).toEqual([
      ['a', null],
      ['a', 'a-1'],
      ['b', null],
    ]);
    expect(errors.map(String)).toEqual(['Error: GET http://a/orders: a broke off']);
    expect(feed.resolution().error).toBeUndefined();
    // It stays with the one that answered.
    await settle(12_000);
    opened[1]?.[1].end();
    await settle(200);
    expect(asked()).toEqual([['b', 'b-1']]);
  });

  it('does not let an address that hangs, or opens and says nothing, keep the next one waiting', async () => {
    for (const behaviour of ['hangs', 'mute'] as const) {
      const { asked, known, opened, settle, feed } = registries({ a: behaviour, b: 'opens' });
      await settle(1_799);
      expect(asked()).toHaveLength(1);
      await settle(1);
      expect(known()).toEqual(['b:1']);
      expect(opened.filter(([host]) => host === 'a').every(([, { cancelled }]) => cancelled)).toBe(true);
      feed.close();
    }
  });

  it('fails with the reason of each when all of them fail', async () => {
    const { feed, settle } = registries({ a: 'breaks', b: 'breaks' });
    await settle(10);
    expect(String(feed.resolution().error)).toMatch(/a broke off; .*b broke off/);
  });
});

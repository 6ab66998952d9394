/** What a real etcd does not do on demand, under fake time; the rest is in the scenarios, against a real one. */

import { afterEach, describe, expect, it } from '@jest/globals';

import { describeError } from '../../../../src/core/errors.js';
import type { EtcdResolverOptions } from '../../../../src/control/resolvers/etcd/etcd-options.js';
import { etcdResolver } from '../../../../src/control/resolvers/etcd/etcd-resolver.js';
import { ids, startFeed, type FeedHarness } from '../../discovery/feed-harness.js';
import { base64, createFakeEtcd, json, never, type FakeEtcd } from './fake-etcd.js';

const PREFIX = '/s/';
const HEADER = { cluster_id: '7', revision: '500' };

let open: FeedHarness | undefined;
afterEach(() => {
  open?.feed.close();
  open = undefined;
});

async function setUp(options: Partial<EtcdResolverOptions> = {}, prepare: (etcd: FakeEtcd) => void = () => {}) {
  const etcd = createFakeEtcd();
  etcd.put(`${PREFIX}1`, '10.0.0.1:80');
  etcd.put(`${PREFIX}2`, '10.0.0.2:80');
  prepare(etcd);
  const resolver = etcdResolver({ prefix: PREFIX, url: 'http://etcd:2379', fetch: etcd.fetch, ...options });
  const harness = startFeed(resolver);
  open = harness;
  const pass = (ms: number): Promise<void> => harness.clock.advanceAsync(ms, { eventLoop: true });
  await pass(0);
  await pass(0);
  const known = (): string => ids(harness.feed.resolution()).sort().join();
  const count = (path: string): number => etcd.sent.filter((each) => each.path === path).length;
  return { etcd, pass, known, count, ...harness };
}

const TWO = '10.0.0.1:80,10.0.0.2:80';

describe('etcdResolver', () => {
  it('asks for the list, then for what comes after it, from a member with a leader', async () => {
    const { etcd, known } = await setUp({ url: 'http://gateway/etcd/' });
    expect(known()).toBe(TWO);
    const keys = { key: base64(PREFIX), range_end: base64('/s0') };
    expect(etcd.sent).toMatchObject([
      { url: 'http://gateway/etcd/v3/kv/range', body: { ...keys, limit: '10001', serializable: false } },
      {
        url: 'http://gateway/etcd/v3/watch',
        body: { create_request: { ...keys, start_revision: '103', progress_notify: true, fragment: true } },
      },
    ]);
    for (const { headers } of etcd.sent) {
      expect(headers.get('grpc-metadata-hasleader')).toBe('true');
      expect(headers.get('authorization')).toBeNull();
    }
  });

  it('hands on a change at once, and what follows within 100 ms together', async () => {
    const { etcd, pass, known, answers } = await setUp();
    await pass(1_000);
    const before = answers.length;
    for (let i = 3; i < 10; i++) {
      etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`);
      await pass(1);
    }
    expect(known().split(',')).toHaveLength(3);
    await pass(100);
    expect(known().split(',')).toHaveLength(9);
    expect(answers.length).toBe(before + 2);
  });

  it('hands on a change that comes in fragments when it is whole', async () => {
    const { etcd, pass, known } = await setUp();
    await pass(1_000);
    const event = (i: number) => ({ kv: { key: base64(`${PREFIX}${i}`), value: base64(`10.0.0.${i}:80`) } });
    etcd.say({ result: { header: HEADER, fragment: true, events: [event(3)] } });
    await pass(1_000);
    expect(known()).toBe(TWO);
    etcd.say({ result: { header: HEADER, events: [event(4)] } });
    await pass(0);
    expect(known()).toBe(`${TWO},10.0.0.3:80,10.0.0.4:80`);
  });

  it('asks after ten seconds of silence whether all is as it was, and says so', async () => {
    const { etcd, pass, count, feed, clock, changes } = await setUp();
    await pass(9_990);
    expect(count('/v3/kv/range')).toBe(1);
    await pass(20);
    expect(etcd.sent.at(-1)?.body).toMatchObject({ keys_only: true, min_mod_revision: '103', limit: '1' });
    expect(clock.now() - feed.resolution().answeredAtMs!).toBeLessThan(20);
    expect(changes).toHaveLength(1);
  });

  it.each([
    ['a key that was written', (etcd: FakeEtcd) => etcd.put(`${PREFIX}1`, '10.0.0.9:80'), '10.0.0.2:80,10.0.0.9:80'],
    ['a key that was deleted', (etcd: FakeEtcd) => etcd.delete(`${PREFIX}1`), '10.0.0.2:80'],
  ])('reads the list again when the watch has not told of %s', async (_name, change, wanted) => {
    const { etcd, pass, known, errors, count } = await setUp();
    etcd.blind = true;
    change(etcd);
    // Ten seconds of silence, a second for what may be on its way, and a short pause before the next watch.
    await pass(11_300);
    expect(known()).toBe(wanted);
    expect(count('/v3/watch')).toBe(2);
    expect(errors.map(describeError).join()).toMatch(/the watch has gone blind/);
  });

  it('waits for a change that is on its way', async () => {
    const { etcd, pass, known, errors, count } = await setUp();
    etcd.blind = true;
    etcd.put(`${PREFIX}3`, '10.0.0.3:80');
    await pass(10_500);
    etcd.blind = false;
    etcd.put(`${PREFIX}3`, '10.0.0.3:80');
    await pass(5_000);
    expect([known(), count('/v3/watch'), errors]).toEqual([`${TWO},10.0.0.3:80`, 1, []]);
  });

  it('asks at once when the caller sees connections fail', async () => {
    const { feed, pass, count } = await setUp();
    expect(feed.refresh()).toBe(true);
    await pass(0);
    expect(count('/v3/kv/range')).toBe(2);
  });

  it('reads the list again, without an error, when etcd has compacted what the watch was to tell', async () => {
    const { etcd, pass, known, errors, changes, count } = await setUp();
    etcd.blind = true;
    etcd.put(`${PREFIX}3`, '10.0.0.3:80');
    etcd.say({ result: { header: HEADER, canceled: true, compact_revision: '400' } });
    await pass(500);
    expect([known(), errors, count('/v3/watch'), etcd.watching]).toEqual([`${TWO},10.0.0.3:80`, [], 2, 1]);
    expect(changes.every(({ endpoints }) => endpoints.length >= 2)).toBe(true);
  });

  it('does not spin when etcd ends each watch at once', async () => {
    const { etcd, pass, count } = await setUp();
    etcd.respond = (path) =>
      path === '/v3/watch' ? json({ result: { header: HEADER, canceled: true, compact_revision: '400' } }) : undefined;
    etcd.say({ result: { header: HEADER, canceled: true, compact_revision: '400' } });
    await pass(60_000);
    expect(count('/v3/watch')).toBeLessThan(15);
  });

  it('says that the data are lost, takes the new list, and leaves the doubt to the feed', async () => {
    const { etcd, pass, known, errors, feed } = await setUp();
    etcd.forget();
    etcd.say('{"error":{"grpc_code":14,"http_code":503,"message":"transport is closing"}}');
    await pass(1_000);
    const said = errors.map(describeError).join('\n');
    expect(said).toContain('POST http://etcd:2379/v3/watch: transport is closing');
    expect(said).toContain('http://etcd:2379: etcd is at revision 1 and was at 102: it has lost its data');
    expect(known()).toBe(TWO);
    expect(feed.resolution()).toMatchObject({ status: 'found', held: 'empty' });
    expect(etcd.sent.at(-1)?.body.create_request?.['start_revision']).toBe('2');
  });

  it('takes no watch of a member that is behind the list', async () => {
    const { etcd, pass, errors, count } = await setUp();
    etcd.say({ result: { header: { cluster_id: '7', revision: '90' } } });
    await pass(500);
    expect(errors.map(describeError).join()).toContain('etcd is at revision 90 and was at 102');
    expect(count('/v3/watch')).toBe(2);
  });

  it('knows another cluster when it sees one', async () => {
    const { etcd, pass, errors } = await setUp();
    etcd.respond = (path) =>
      path === '/v3/kv/range' ? json({ header: { cluster_id: '8', revision: '900' } }) : undefined;
    etcd.say('{"error":{"message":"EOF"}}');
    await pass(500);
    expect(errors.map(describeError).join()).toContain('this is another cluster (8) than before');
  });

  it('reports a watch that is refused within an answer of status 200', async () => {
    const { errors, feed } = await setUp({}, (etcd) => {
      const refusal = { created: true, canceled: true, cancel_reason: 'rpc error: code = PermissionDenied' };
      etcd.respond = (path) => (path === '/v3/watch' ? json({ result: { header: HEADER, ...refusal } }) : undefined);
    });
    expect(errors.map(describeError)).toEqual(['POST http://etcd:2379/v3/watch: rpc error: code = PermissionDenied']);
    expect(feed.resolution()).toMatchObject({ status: 'found', endpoints: { length: 2 } });
  });

  it('is refused once per key that it cannot read, not once per answer', async () => {
    const { etcd, pass, refused } = await setUp({}, (fake) => fake.put(`${PREFIX}x`, '{'));
    for (let i = 0; i < 5; i++) {
      etcd.put(`${PREFIX}1`, `10.0.1.${i}:80`);
      await pass(1_000);
    }
    expect(refused).toMatchObject([[{ input: '"/s/x"' }]]);
  });

  it('fails when there are values and none can be read: that is not nobody', async () => {
    const { errors, feed } = await setUp({ parse: () => Promise.resolve('10.0.0.1:80') as never });
    expect(feed.resolution().status).toBe('failed');
    expect(describeError(errors[0])).toMatch(/no value can be read \(2\); "\/s\/1": /);
  });

  it.each<[string, () => Response | Promise<Response>, RegExp]>([
    ['redirects', () => new Response(null, { status: 302, headers: { location: 'http://evil/' } }), /status 302$/],
    [
      'answers with a page',
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      /no JSON: text/,
    ],
    ['answers with another body', () => json({ kvs: 5 }), /not what etcd sends to a range/],
    ['is no etcd', () => json({ ok: true }), /no header: is this etcd\?/],
    ['answers with garbage', () => new Response('{', { headers: { 'content-type': 'application/json' } }), /JSON/],
    ['refuses', () => json({ message: 'etcdserver: no leader', code: 14 }, 503), /status 503: etcdserver: no leader$/],
    ['never answers', never, /no answer within 3000 ms/],
  ])('says what is wrong when etcd %s, and asks again in growing, random pauses', async (_name, respond, message) => {
    const { etcd, pass, errors, feed, known, count } = await setUp({}, (fake) => {
      fake.respond = respond;
    });
    await pass(3_000);
    expect(describeError(errors[0])).toMatch(message);
    expect(describeError(errors[0])).toMatch(/^POST http:\/\/etcd:2379\/v3\/kv\/range: /);
    expect(feed.resolution().status).toBe('failed');
    await pass(60_000);
    expect(count('/v3/kv/range')).toBeLessThan(14);
    etcd.respond = () => undefined;
    await pass(31_000);
    expect(known()).toBe(TWO);
  });

  it('cuts off what is too large, in an answer and in a stream', async () => {
    let pulled = 0;
    const endless = (): Response => {
      const chunk = new Uint8Array(65_536).fill(0x20);
      chunk[0] = 0x7b;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += chunk.byteLength;
          controller.enqueue(chunk);
        },
      });
      return new Response(body, { headers: { 'content-type': 'application/json' } });
    };
    const { etcd, pass, errors } = await setUp({ maxBytes: 300_000 }, (fake) => {
      fake.respond = (path) => (path === '/v3/watch' ? endless() : undefined);
    });
    await pass(50);
    expect(describeError(errors[0])).toContain('/v3/watch: a message is larger than 300000 bytes');
    etcd.respond = () => endless();
    await pass(1_000);
    expect(errors.map(describeError).join()).toContain('/v3/kv/range: the body is larger than 300000 bytes');
    // A few attempts, each not much beyond the bound.
    expect(pulled).toBeLessThan(10 * 500_000);
  });

  it('turns to the next address when one fails, and fails when all do', async () => {
    const urls = ['http://a:1', 'http://b:2', 'http://c:3'];
    let down: string[] = [];
    const { etcd, pass, known, errors, feed, clock } = await setUp({ url: urls }, (fake) => {
      fake.respond = () => {
        const { host } = new URL(fake.sent.at(-1)!.url);
        return down.includes(host) ? Promise.reject(new Error(`${host} is down`)) : undefined;
      };
    });
    const asked = (): string => new URL(etcd.sent.at(-1)!.url).host;
    // Jitter is at its middle, and so is the member to begin with.
    expect([known(), asked()]).toEqual([TWO, 'b:2']);
    down = ['b:2', 'c:3'];
    etcd.say('{"error":{"message":"EOF"}}');
    await pass(250);
    expect([asked(), feed.resolution().failingSinceMs]).toEqual(['a:1', undefined]);
    down = ['a:1', 'b:2', 'c:3'];
    errors.length = 0;
    etcd.say('{"error":{"message":"EOF"}}');
    await pass(250);
    expect(feed.resolution().failingSinceMs).toBeDefined();
    expect(describeError(feed.resolution().error)).toMatch(/b:2 is down; .*c:3 is down; .*a:1 is down/);
    down = [];
    await pass(1_000);
    expect(feed.resolution().error).toBeUndefined();
    feed.close();
    await pass(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up a watch that is not made within the time for an answer', async () => {
    const { pass, errors, clock } = await setUp({ timeoutMs: 700 }, (fake) => {
      fake.respond = (path) => (path === '/v3/watch' ? never() : undefined);
    });
    await pass(701);
    expect(clock.now()).toBeGreaterThan(700);
    expect(describeError(errors[0])).toBe('http://etcd:2379: no watch within 700 ms');
  });

  it('leaves nothing behind when it ends, whatever it was doing', async () => {
    for (const path of ['', '/v3/kv/range', '/v3/watch']) {
      const { etcd, pass, feed, clock } = await setUp({}, (fake) => {
        fake.respond = (asked) => (asked === path ? never() : undefined);
      });
      etcd.put(`${PREFIX}3`, '10.0.0.3:80');
      feed.close();
      const { length } = etcd.sent;
      await pass(60_000);
      expect([path, etcd.watching, clock.pendingTimers, etcd.sent.length]).toEqual([path, 0, 0, length]);
    }
  });
});

describe('etcdResolver with a user', () => {
  const auth = { username: 'reader', password: 'hunter2-password' };

  async function guarded(options: Partial<EtcdResolverOptions> = {}) {
    const logins: unknown[] = [];
    const state = { valid: '', refuseLogin: undefined as Response | undefined };
    const stage = await setUp({ auth, ...options }, (fake) => {
      fake.respond = (path, body) => {
        if (path === '/v3/auth/authenticate') {
          logins.push(body);
          if (state.refuseLogin !== undefined) return state.refuseLogin.clone();
          state.valid = `token-${logins.length}.secret`;
          return json({ header: HEADER, token: state.valid });
        }
        if (fake.sent.at(-1)!.headers.get('authorization') === state.valid) return undefined;
        return json({ error: `invalid auth token ${state.valid}`, message: 'invalid auth token', code: 16 }, 401);
      };
    });
    return { ...stage, logins, state };
  }

  it('logs in once for all requests', async () => {
    const { logins, known, etcd } = await guarded();
    expect([known(), logins]).toEqual([TWO, [{ name: 'reader', password: 'hunter2-password' }]]);
    expect(etcd.sent.slice(1).map(({ headers }) => headers.get('authorization'))).toEqual([
      'token-1.secret',
      'token-1.secret',
    ]);
  });

  it('logs in again when the token is no longer known, without a word', async () => {
    const { logins, state, pass, errors } = await guarded();
    state.valid = 'another';
    await pass(10_100);
    expect([logins.length, errors]).toEqual([2, []]);
  });

  it('does not spin, and says neither token nor password, when no token is taken', async () => {
    const { logins, state, pass, errors, feed } = await guarded();
    state.refuseLogin = json({ message: `authentication failed for ${auth.password}, token-1.secret`, code: 3 }, 400);
    state.valid = 'another';
    await pass(60_000);
    expect(feed.resolution()).toMatchObject({ status: 'found', endpoints: { length: 2 } });
    expect(logins.length).toBeLessThan(15);
    const said = errors.map(describeError).join('\n');
    expect(said).toContain('authentication failed for ***, ***');
    expect(said).not.toMatch(/hunter2|secret/);
  });

  it('asks the function for a password at each login, and says when there is none', async () => {
    const passwords = ['first-password', ''];
    const { logins, state, pass, errors } = await guarded({
      auth: { username: 'reader', password: () => passwords.shift() ?? '' },
    });
    expect(logins).toEqual([{ name: 'reader', password: 'first-password' }]);
    state.valid = 'another';
    await pass(10_500);
    expect(errors.map(describeError).join()).toContain('the password function gave no password');
  });

  it('refuses a token that no header can carry', async () => {
    const { errors } = await setUp({ auth }, (fake) => {
      fake.respond = () => json({ token: 'a\r\nb: c' });
    });
    expect(describeError(errors[0])).toMatch(/etcd gave no token$/);
  });
});

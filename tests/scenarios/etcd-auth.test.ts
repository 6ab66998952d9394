/** A real etcd that lets nobody in without a token: tokens that end, passwords that change, rights that are missing. */

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import { systemClock } from '../../src/core/clock.js';
import { describeError } from '../../src/core/errors.js';
import { systemRandom } from '../../src/core/random.js';
import type { Resolution } from '../../src/core/resolution.js';
import { etcdResolver, type EtcdResolverOptions } from '../../src/etcd.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { PASSWORD, startEtcd, type Etcd } from '../support/etcd.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(20_000);

const PREFIX = '/services/orders/';

describeWithServer('etcd', 'etcd with authentication', () => {
  let etcd: Etcd;
  let feed: Feed | undefined;
  let errors: unknown[];
  /** What was sent as `authorization`, in order, without repetition. */
  let tokens: string[];

  beforeEach(async () => {
    etcd = await startEtcd({ tokenTtlSeconds: 1 });
    for (const i of [1, 2]) await etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`);
    await etcd.put('/secrets/1', '10.6.6.6:80');
    await etcd.enableAuth(PREFIX);
  });
  afterEach(async () => {
    feed?.close();
    await etcd.close();
    // Whatever went wrong: nothing that lets anybody in was said about it.
    for (const secret of [PASSWORD, ...tokens]) expect(errors.map(describeError).join('\n')).not.toContain(secret);
  });

  function start(options: Partial<EtcdResolverOptions> = {}): void {
    errors = [];
    tokens = [];
    const watching = ((url: URL, init: RequestInit) => {
      const token = (init.headers as Headers).get('authorization');
      if (token !== null && tokens.at(-1) !== token) tokens.push(token);
      return fetch(url, init);
    }) as typeof fetch;
    const auth = { username: 'reader', password: PASSWORD };
    feed = createFeed({
      resolver: etcdResolver({ prefix: PREFIX, url: etcd.url, auth, fetch: watching, ...options }),
      cache: SETTINGS,
      clock: systemClock,
      random: systemRandom,
      onChange: () => {},
      onError: (error) => errors.push(error),
    });
    feed.start();
  }
  const known = (): Resolution => (feed as Feed).resolution();
  const found = (count: number): Promise<unknown> =>
    until(() => known().endpoints.length === count && known().error === undefined, {
      what: `${count} endpoints; ${describeError(known().error)}`,
      timeoutMs: 10_000,
    });
  const failed = (): Promise<unknown> => until(() => known().error !== undefined, { what: 'the failure' });
  const add = (i: number): Promise<void> => etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`);

  it('is asked with a token, and again with a new one when that has ended', async () => {
    start({ checkMs: 3_000 });
    await found(2);
    expect(tokens).toHaveLength(1);
    // Longer than a token lives that is not used: the check after it is refused, and asks anew.
    await spend(4_500);
    expect(tokens).toHaveLength(2);
    await add(3);
    await found(3);
    expect(errors).toEqual([]);
  });

  it('restarts, which costs a login at most', async () => {
    start();
    await found(2);
    await etcd.restart();
    await add(3);
    await found(3);
  });

  it('ends the tokens of everybody when users change; the new password comes from the function', async () => {
    let password = PASSWORD;
    start({ auth: { username: 'reader', password: () => Promise.resolve(password) }, checkMs: 500 });
    await found(2);
    await etcd.changePassword('reader', 'hunter3-password');
    await failed();
    expect(describeError(known().error)).toMatch(/authenticat|invalid user ID or password/);
    expect(known()).toMatchObject({ status: 'found', endpoints: { length: 2 } });
    password = 'hunter3-password';
    await add(3);
    await found(3);
  });

  it('says what is missing: a name, the right password, or rights, and nothing that is secret', async () => {
    const cases: [Partial<EtcdResolverOptions>, RegExp][] = [
      [{ auth: undefined } as unknown as EtcdResolverOptions, /status 400: .*user name is empty/],
      [
        { auth: { username: 'reader', password: 'wrong-password' } },
        /authentication failed, invalid user ID or password/,
      ],
      [{ prefix: '/secrets/' }, /status 403: .*permission denied/],
    ];
    for (const [options, message] of cases) {
      start(options);
      await failed();
      expect(known().status).toBe('failed');
      expect(describeError(known().error)).toMatch(message);
      expect(describeError(known().error)).not.toContain('wrong-password');
      feed?.close();
    }
  });

  it('that is switched off is asked without a token, and with one when it is on again', async () => {
    start({ checkMs: 500 });
    await found(2);
    await etcd.disableAuth();
    await etcd.restart();
    await add(3);
    await found(3);
    await spend(1_200);
    await etcd.enableAuthAgain();
    await spend(1_200);
    await add(4);
    await found(4);
    expect(tokens.length).toBeGreaterThan(1);
  });
});

/** Endpoints from keys of a real etcd: what is written, changed and deleted there, how fast it is known here, and what etcd forgets. */

import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import type { Refusal } from '../../src/control/discovery/read-answer.js';
import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import type { Resolution } from '../../src/core/resolution.js';
import { etcdResolver, type EtcdResolverOptions } from '../../src/etcd.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startEtcd, type Etcd } from '../support/etcd.js';
import { freePort } from '../support/free-port.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

const PREFIX = '/services/orders/';

describeWithServer('etcd', 'keys in etcd', () => {
  let etcd: Etcd;
  let feed: Feed | undefined;
  let changes: Resolution[];
  let errors: unknown[];
  let refused: Refusal[];

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  beforeEach(async () => {
    await etcd.delete('/', { prefix: true });
  });
  afterEach(() => feed?.close());
  afterAll(() => etcd.close());

  function start(options: Partial<EtcdResolverOptions> = {}): Feed {
    changes = [];
    errors = [];
    refused = [];
    feed = createFeed({
      resolver: etcdResolver({ prefix: PREFIX, url: etcd.url, ...options }),
      cache: SETTINGS,
      clock: systemClock,
      random: systemRandom,
      onChange: (resolution) => changes.push(resolution),
      onError: (error) => errors.push(error),
      onRefused: (list) => refused.push(...list),
    });
    feed.start();
    return feed;
  }
  const known = (): Resolution => (feed as Feed).resolution();
  const hosts = (): string[] =>
    known()
      .endpoints.map(({ host }) => host)
      .sort();
  const found = (...wanted: string[]): Promise<unknown> =>
    until(() => hosts().join() === [...wanted].sort().join(), { what: `${wanted.join()}, known ${hosts().join()}` });

  it('are endpoints in every shape that registrars write, and only those under the prefix', async () => {
    await etcd.put(`${PREFIX}plain`, '10.0.0.1:80');
    await etcd.put(`${PREFIX}url`, 'https://10.0.0.2:443/api');
    await etcd.put(
      `${PREFIX}own`,
      JSON.stringify({ host: '10.0.0.3', port: 80, weight: 3, zone: 'b', metadata: { version: '7' } }),
    );
    await etcd.put(
      `${PREFIX}go`,
      JSON.stringify({ Op: 0, Addr: '10.0.0.4:80', Metadata: { weight: 2, zone: 'a', canary: true } }),
    );
    await etcd.put(`${PREFIX}broken`, '{"host":');
    await etcd.put('/services/orders-archive/1', '10.9.9.9:80');
    await etcd.put('/services/orders', '10.9.9.8:80');
    start();
    await found('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4');
    const byHost = Object.fromEntries(known().endpoints.map((endpoint) => [endpoint.host, endpoint]));
    expect(byHost['10.0.0.2']).toMatchObject({ scheme: 'https', port: 443, basePath: '/api' });
    expect(byHost['10.0.0.3']).toMatchObject({ weight: 3, zone: 'b', metadata: { version: '7' } });
    expect(byHost['10.0.0.4']).toMatchObject({ weight: 2, zone: 'a', metadata: { canary: 'true' } });
    expect(refused).toMatchObject([{ input: expect.stringContaining(`${PREFIX}broken`) }]);
  });

  it('are followed: what is written, changed and deleted is known at once', async () => {
    start();
    await until(() => known().status === 'none', { what: 'that there is nobody' });
    await etcd.put(`${PREFIX}a`, '10.0.0.1:80');
    await found('10.0.0.1');
    await etcd.put(`${PREFIX}b`, '10.0.0.2:80');
    await found('10.0.0.1', '10.0.0.2');
    await etcd.put(`${PREFIX}b`, '10.0.0.3:80');
    await found('10.0.0.1', '10.0.0.3');
    const changedAtMs = performance.now();
    await etcd.delete(`${PREFIX}b`);
    await found('10.0.0.1');
    expect(performance.now() - changedAtMs).toBeLessThan(1_000);
    expect(errors).toEqual([]);
  });

  it('that end with their lease are gone with it', async () => {
    const lease = await etcd.grantLease(1);
    await etcd.put(`${PREFIX}kept`, '10.0.0.1:80');
    await etcd.put(`${PREFIX}kept-too`, '10.0.0.2:80');
    await etcd.put(`${PREFIX}leased`, '10.0.0.3:80', lease);
    start();
    await found('10.0.0.1', '10.0.0.2', '10.0.0.3');
    await found('10.0.0.1', '10.0.0.2');
    expect(errors).toEqual([]);
  });

  it('that all end at once are doubted', async () => {
    const lease = await etcd.grantLease(1);
    for (const i of [1, 2, 3]) await etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`, lease);
    start();
    await found('10.0.0.1', '10.0.0.2', '10.0.0.3');
    await until(() => known().held === 'empty', { what: 'the doubt' });
    expect(known()).toMatchObject({ status: 'found', endpoints: { length: 3 } });
  });

  it('of a service that was restarted and has a new key are one endpoint, as written last', async () => {
    await etcd.put(`${PREFIX}z-old`, JSON.stringify({ host: '10.0.0.1', port: 80, weight: 1 }));
    await etcd.put(`${PREFIX}a-new`, JSON.stringify({ host: '10.0.0.1', port: 80, weight: 2 }));
    start();
    await found('10.0.0.1');
    expect(known().endpoints).toMatchObject([{ weight: 2 }]);
    await etcd.delete(`${PREFIX}z-old`);
    await etcd.put(`${PREFIX}c`, '10.0.0.2:80');
    await found('10.0.0.1', '10.0.0.2');
    expect(refused).toEqual([]);
  });

  it('that are many and large arrive whole, whatever pieces they come in', async () => {
    const padding = 'ä'.repeat(20_000);
    const write = (i: number): Promise<void> =>
      etcd.put(`${PREFIX}${i}`, JSON.stringify({ host: `10.0.${i}.1`, port: 80, metadata: { n: String(i) }, padding }));
    const many = Array.from({ length: 60 }, (_, i) => i);
    for (const i of many.slice(0, 30)) await write(i);
    start();
    await until(() => hosts().length === 30, { what: '30 endpoints' });
    for (const i of many.slice(30)) await write(i);
    await until(() => hosts().length === 60, { what: '60 endpoints' });
    expect(known().endpoints.every(({ host, metadata }) => host === `10.0.${metadata['n']}.1`)).toBe(true);
    expect(errors).toEqual([]);
    // Bursts come together: the 30 changes were not 30 answers.
    expect(changes.length).toBeLessThan(30);
  });

  it('of a busy cluster are not lost when etcd forgets its history', async () => {
    await etcd.put(`${PREFIX}a`, '10.0.0.1:80');
    start();
    await found('10.0.0.1');
    for (let i = 0; i < 20; i++) await etcd.put('/elsewhere', String(i));
    await etcd.compact();
    await etcd.put(`${PREFIX}b`, '10.0.0.2:80');
    await found('10.0.0.1', '10.0.0.2');
    expect(errors).toEqual([]);
  });

  it('are asked about after some silence, which shows how fresh they are', async () => {
    await etcd.put(`${PREFIX}a`, '10.0.0.1:80');
    start({ checkMs: 200 });
    await found('10.0.0.1');
    const answeredAtMs = known().answeredAtMs!;
    await until(() => known().answeredAtMs! > answeredAtMs + 400, { what: 'two checks' });
    expect(changes).toHaveLength(1);
  });

  describe('behind something that stands between', () => {
    let proxy: Proxy;
    beforeEach(async () => {
      proxy = await startProxy(etcd.url);
    });
    afterEach(() => proxy.close());

    it('that were compacted before the watch began are listed again, without an error and without a flash', async () => {
      await etcd.put(`${PREFIX}a`, '10.0.0.1:80');
      proxy.hold('/v3/watch');
      start({ url: proxy.url });
      await found('10.0.0.1');
      await proxy.holds();
      await etcd.put(`${PREFIX}b`, '10.0.0.2:80');
      await etcd.delete(`${PREFIX}a`);
      await etcd.put('/elsewhere', 'x');
      await etcd.compact();
      proxy.release();
      await found('10.0.0.2');
      expect(errors).toEqual([]);
      expect(changes.every(({ status }) => status === 'found')).toBe(true);
      await etcd.put(`${PREFIX}c`, '10.0.0.3:80');
      await found('10.0.0.2', '10.0.0.3');
    });

    it('that changed and were compacted while the connection was cut are right after it is back', async () => {
      for (const i of [1, 2, 3]) await etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`);
      start({ url: proxy.url });
      await found('10.0.0.1', '10.0.0.2', '10.0.0.3');
      await proxy.cut();
      await until(() => known().failingSinceMs !== undefined, { what: 'the failure' });
      await etcd.delete(`${PREFIX}1`);
      await etcd.put(`${PREFIX}4`, '10.0.0.4:80');
      await etcd.compact();
      await proxy.mend();
      await found('10.0.0.2', '10.0.0.3', '10.0.0.4');
      expect(changes.every(({ status, endpoints }) => status === 'found' && endpoints.length === 3)).toBe(true);
    });

    it('are found to be old when the stream is dead and questions are answered', async () => {
      for (const i of [1, 2, 3]) await etcd.put(`${PREFIX}${i}`, `10.0.0.${i}:80`);
      start({ url: proxy.url, checkMs: 500 });
      await found('10.0.0.1', '10.0.0.2', '10.0.0.3');
      await spend(200);
      proxy.freezeStreams();
      // One goes, one comes: the number of keys tells nothing.
      await etcd.delete(`${PREFIX}1`);
      await etcd.put(`${PREFIX}4`, '10.0.0.4:80');
      await found('10.0.0.2', '10.0.0.3', '10.0.0.4');
      await etcd.put(`${PREFIX}5`, '10.0.0.5:80');
      await found('10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5');
    });
  });
});

/** What stands between a client and etcd: it holds requests, cuts connections, and lets streams dry up. */
interface Proxy {
  readonly url: string;
  /** Requests to this path wait, until they are let go. */
  hold(path: string): void;
  holds(): Promise<unknown>;
  release(): void;
  /** Nothing of the answers under way is passed on any more; new ones are. */
  freezeStreams(): void;
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

async function startProxy(target: string): Promise<Proxy> {
  const port = await freePort();
  let heldPath: string | undefined;
  let held: (() => void)[] = [];
  const answers = new Set<IncomingMessage>();

  function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, headers, url = '/' } = incoming;
    const onward = request(target + url, { method, headers }, (answer) => {
      answers.add(answer);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on('close', () => answers.delete(answer));
      answer.on('error', () => outgoing.destroy());
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (incoming.url === heldPath) held.push(() => forward(incoming, outgoing));
    else forward(incoming, outgoing);
  }
  let server: Server | undefined;
  const mend = (): Promise<void> =>
    new Promise((resolve) => (server = createServer(handle).listen(port, '127.0.0.1', resolve)));
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      server?.close(() => resolve());
      server?.closeAllConnections();
    });
  await mend();
  return {
    url: `http://127.0.0.1:${port}`,
    hold: (path) => (heldPath = path),
    holds: () => until(() => held.length > 0, { what: 'a request to hold' }),
    release() {
      heldPath = undefined;
      for (const go of held) go();
      held = [];
    },
    freezeStreams() {
      for (const answer of answers) answer.unpipe();
    },
    cut,
    mend,
    close: cut,
  };
}

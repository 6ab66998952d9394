/** The DNS resolver against real name servers: Knot for what zones say, Unbound for what goes wrong. */

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';

import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import type { ResolverAnswer } from '../../src/core/resolver.js';
import { createFeed, type Feed } from '../../src/control/discovery/feed.js';
import { dnsResolver, type DnsResolverOptions } from '../../src/control/resolvers/dns-resolver.js';
import { getDnsReport } from '../../src/control/resolvers/dns/dns-report.js';
import { SETTINGS } from '../control/discovery/settings.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startKnot, type Knot } from '../support/knot.js';
import { startUnbound, type Unbound } from '../support/unbound.js';
import { until } from '../support/until.js';

describeWithServer(['knot', 'unbound'], 'discovery by DNS', () => {
  let knot: Knot;
  let unbound: Unbound;
  let feed: Feed | undefined;

  beforeAll(async () => {
    const records = [
      'both 7 A 10.1.0.1',
      'both 9 A 10.1.0.2',
      'both 5 AAAA fd00::1',
      'four 6 A 10.1.0.4',
      'text 5 TXT "nothing else"',
      'alias 5 CNAME four',
      'change 1 A 10.1.0.9',
      '_http._tcp.orders 300 SRV 10 60 8001 four',
      '_http._tcp.orders 300 SRV 20 0 8002 both',
      '_half._tcp 300 SRV 0 1 8001 four',
      '_half._tcp 300 SRV 0 1 8002 x.broken.',
      '_gone._tcp 300 SRV 0 0 0 .',
      '_lost._tcp 300 SRV 0 0 80 missing',
      '_bad._tcp 300 SRV 0 0 80 x.broken.',
      '_short._tcp 3 SRV 0 0 80 long',
      'long 300 A 10.1.0.7',
      'away 5 CNAME a.elsewhere.example.',
      'dangling 5 CNAME missing',
      ...Array.from({ length: 80 }, (_, i) => `many 5 A 10.2.0.${i + 1}`),
    ];
    knot = await startKnot({ zones: { knot: records }, brokenZones: ['broken'] });
    unbound = await startUnbound({ forward: { knot: knot.port } });
  }, 60_000);
  afterEach(() => feed?.close());
  afterAll(() => Promise.all([knot.close(), unbound.close()]));

  const ask = (name: string, options: DnsResolverOptions = {}, port = knot.port): Promise<ResolverAnswer> =>
    dnsResolver(name, { servers: [`127.0.0.1:${port}`], timeoutMs: 300, tries: 1, ...options }).resolve({
      signal: new AbortController().signal,
    });

  it('merges A and AAAA, with the shortest of their times to live', async () => {
    const { endpoints, ttlMs, authoritative } = await ask('both.knot', { port: 80 });
    expect(endpoints).toHaveLength(3);
    expect(endpoints).toEqual(
      expect.arrayContaining(['10.1.0.1', '10.1.0.2', 'fd00::1'].map((host) => ({ host, port: 80 }))),
    );
    expect(ttlMs).toBe(5_000);
    expect(authoritative).toBeUndefined();
    expect(await ask('both.knot', { family: 6 })).toEqual({ endpoints: [{ host: 'fd00::1' }], ttlMs: 5_000 });
    expect(await ask('alias.knot')).toMatchObject({ endpoints: [{ host: '10.1.0.4' }] });
  });

  it('takes answers that do not fit into a datagram', async () => {
    const answer = await ask('many.knot', { family: 4 });
    expect(answer.endpoints).toHaveLength(80);
    expect(getDnsReport(answer)?.questions).toMatchObject([{ protocol: 'tcp', outcome: 'found' }]);
  });

  it('says which record of which server an endpoint comes from', async () => {
    const report = getDnsReport(await ask('_short._tcp.knot', { family: 4 }));
    expect(report?.endpoints).toEqual([
      {
        endpoint: { host: '10.1.0.7', port: 80, weight: 1, priority: 0, metadata: { target: 'long.knot' } },
        record: 'SRV _short._tcp.knot → A long.knot',
        // Knot adds the addresses of targets, so one question is enough.
        server: `${knot.address} (additional)`,
        ttlMs: 3_000,
      },
    ]);
    expect(report?.questions).toHaveLength(1);
    expect(getDnsReport(await ask('alias.knot', { family: 4 }))?.endpoints).toMatchObject([
      { record: 'CNAME alias.knot → A four.knot', server: knot.address, ttlMs: 5_000 },
    ]);
  });

  it('tries a short name in the search domains', async () => {
    expect(await ask('four', { search: ['nothing.knot', 'knot'] })).toMatchObject({
      endpoints: [{ host: '10.1.0.4' }],
    });
    expect(
      (await ask('four.', { search: ['knot'] }, unbound.port).catch((error: Error) => error.message)) as string,
    ).toMatch(/^ESERVFAIL: A four: /);
  });

  it('sees nothing new in an answer from a cache whose times to live count down', async () => {
    const first = await ask('_http._tcp.orders.knot', {}, unbound.port);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const second = await ask('_http._tcp.orders.knot', {}, unbound.port);
    expect(second.ttlMs).toBeLessThan(first.ttlMs ?? 0);
    const inOrder = ({ endpoints }: ResolverAnswer): string[] => endpoints.map((each) => JSON.stringify(each)).sort();
    expect(inOrder(second)).toEqual(inOrder(first));
  });

  it('reads SRV: ports, priorities and weights, and the life of the first record to expire', async () => {
    const { endpoints, ttlMs } = await ask('_http._tcp.orders.knot');
    expect(endpoints[0]).toEqual({
      host: '10.1.0.4',
      port: 8001,
      priority: 10,
      weight: 60,
      metadata: { target: 'four.knot' },
    });
    expect(endpoints.slice(1)).toHaveLength(3);
    for (const endpoint of endpoints.slice(1))
      expect(endpoint).toMatchObject({ port: 8002, priority: 20, weight: 0.01 });
    expect(ttlMs).toBe(5_000);
    // The SRV record's own, which node:dns does not tell.
    expect(await ask('_short._tcp.knot')).toMatchObject({ ttlMs: 3_000 });
  });

  it('keeps "nobody is there" and "could not ask" apart', async () => {
    expect(await ask('missing.knot')).toEqual({ endpoints: [] });
    expect(await ask('text.knot')).toEqual({ endpoints: [] });
    expect(await ask('_missing._tcp.knot')).toEqual({ endpoints: [] });
    expect(await ask('_lost._tcp.knot')).toEqual({ endpoints: [] });
    expect(await ask('dangling.knot')).toEqual({ endpoints: [] });
    expect(await ask('_gone._tcp.knot')).toEqual({ endpoints: [], authoritative: true });
    await expect(ask('x.broken')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await expect(ask('_x._tcp.broken')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await expect(ask('_bad._tcp.knot')).rejects.toThrow();
    await expect(ask('elsewhere.example')).rejects.toMatchObject({ code: 'EREFUSED' });
    // The alias is known, what it leads to is not this server's to say.
    await expect(ask('away.knot', { family: 4 })).rejects.toThrow(
      `EREFUSED: A a.elsewhere.example: ${knot.address}: REFUSED`,
    );
  });

  it('goes on with the targets that can be resolved', async () => {
    expect((await ask('_half._tcp.knot')).endpoints).toMatchObject([{ host: '10.1.0.4', port: 8001 }]);
  });

  it('tells each fault of a name server from an empty answer', async () => {
    await unbound.setRecords('flip.test', ['5 IN A 10.3.0.1']);
    const faults = { servfail: 'ESERVFAIL', refused: 'EREFUSED', silence: 'ETIMEOUT' } as const;
    for (const [fault, code] of Object.entries(faults)) {
      await unbound.setFault('flip.test', fault as keyof typeof faults);
      await expect(ask('flip.test', {}, unbound.port)).rejects.toMatchObject({ code });
    }
    for (const fault of ['nxdomain', 'nodata'] as const) {
      await unbound.setFault('flip.test', fault);
      expect(await ask('flip.test', {}, unbound.port)).toEqual({ endpoints: [] });
    }
  }, 20_000);

  it('stops asking when it is told to', async () => {
    await unbound.setFault('silent.test', 'silence');
    const controller = new AbortController();
    const asking = dnsResolver('silent.test', { servers: [`127.0.0.1:${unbound.port}`] }).resolve(controller);
    setTimeout(() => controller.abort(), 20);
    await expect(asking).rejects.toMatchObject({ code: 'ECANCELLED' });
  });

  it('follows a zone that changes, and serves what it knew while the name server hangs', async () => {
    const cache = { ...SETTINGS, minTtlMs: 200, maxTtlMs: 400, askTimeoutMs: 1_000, minRefreshIntervalMs: 100 };
    feed = createFeed({
      resolver: dnsResolver('change.knot', { servers: [`127.0.0.1:${knot.port}`], timeoutMs: 200, tries: 1 }),
      cache,
      clock: systemClock,
      random: systemRandom,
      onChange: () => {},
    });
    feed.start();
    const { resolution } = feed;
    const hosts = (): string => resolution().endpoints.map(({ host }) => host).join(' '); // prettier-ignore
    await until(() => hosts() === '10.1.0.9', { what: 'the first answer' });
    await knot.setRecords('knot', 'change', 'A', 1, ['10.1.0.9', '10.1.0.10']);
    await until(() => resolution().endpoints.length === 2, { what: 'the new address' });

    knot.pause();
    try {
      await until(() => resolution().failingSinceMs !== undefined, { what: 'the failure to be noticed' });
      expect(resolution()).toMatchObject({ status: 'found', endpoints: { length: 2 } });
    } finally {
      knot.resume();
    }
    await until(() => resolution().error === undefined, { what: 'the recovery', timeoutMs: 10_000 });

    await knot.setRecords('knot', 'change', 'A', 1, []);
    await until(() => resolution().held === 'empty', { what: 'the doubt about sudden emptiness' });
    expect(resolution()).toMatchObject({ status: 'found', endpoints: { length: 2 } });
  }, 40_000);
});

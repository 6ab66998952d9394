import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Resolver } from 'node:dns/promises';

import { describeWithServer } from '../support/describe-with-server.js';
import type { DnsServer } from '../support/dns-server.js';
import { startKnot, type Knot } from '../support/knot.js';
import { startUnbound, type Unbound } from '../support/unbound.js';
import { until } from '../support/until.js';

/** As a service sees it: through Node's own resolver. */
function resolverFor(server: DnsServer): Resolver {
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([server.address]);
  return resolver;
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (answer) => `answered ${JSON.stringify(answer)}`,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

describeWithServer(['knot', 'unbound'], 'the real name servers of the tests', () => {
  let knot: Knot;
  let unbound: Unbound;
  let authority: Resolver;
  let cache: Resolver;

  beforeAll(async () => {
    const zones = { test: ['a 7 A 127.0.0.1', 'a 7 A 127.0.0.2', '_http._tcp.svc 3 SRV 10 60 8080 a'] };
    knot = await startKnot({ zones, brokenZones: ['broken'] });
    unbound = await startUnbound({ forward: { test: knot.port } });
    authority = resolverFor(knot);
    cache = resolverFor(unbound);
  });
  afterAll(async () => {
    await unbound?.close();
    await knot?.close();
  });

  it('answer with addresses, their time to live, and service records', async () => {
    const addresses = await authority.resolve4('a.test', { ttl: true });
    expect(addresses.sort((a, b) => a.address.localeCompare(b.address))).toEqual([
      { address: '127.0.0.1', ttl: 7 },
      { address: '127.0.0.2', ttl: 7 },
    ]);
    expect(await authority.resolveSrv('_http._tcp.svc.test')).toEqual([
      { name: 'a.test', port: 8080, priority: 10, weight: 60 },
    ]);
    expect(await cache.resolve4('a.test')).toHaveLength(2);
  });

  it('tell apart that a name does not exist, has no such record, or cannot be answered for', async () => {
    expect(await failure(authority.resolve4('missing.test'))).toBe('ENOTFOUND');
    expect(await failure(authority.resolve6('a.test'))).toBe('ENODATA');
    expect(await failure(authority.resolve4('a.broken'))).toBe('ESERVFAIL');
    expect(await failure(cache.resolve4('elsewhere.example'))).toBe('ESERVFAIL');
  });

  it('change records while they run', async () => {
    await knot.setRecords('test', 'b', 'A', 5, ['127.0.0.3']);
    expect(await authority.resolve4('b.test')).toEqual(['127.0.0.3']);
    await knot.setRecords('test', 'b', 'A', 5, ['127.0.0.4', '127.0.0.5']);
    expect((await authority.resolve4('b.test')).sort()).toEqual(['127.0.0.4', '127.0.0.5']);
    await knot.setRecords('test', 'b', 'A', 5, []);
    expect(await failure(authority.resolve4('b.test'))).toBe('ENOTFOUND');
    await knot.setRecords('test', '_http._tcp.b', 'SRV', 5, ['0 5 80 a.test.']);
    expect(await authority.resolveSrv('_http._tcp.b.test')).toMatchObject([{ priority: 0, weight: 5, port: 80 }]);
  });

  it('answer over TCP what is too long for a datagram', async () => {
    const many = Array.from({ length: 80 }, (_, index) => `127.0.1.${index + 1}`);
    await knot.setRecords('test', 'many', 'A', 5, many);
    expect(await authority.resolve4('many.test')).toHaveLength(80);
  });

  it('fail for one name in each of the ways there are, and recover', async () => {
    await unbound.setRecords('flip.invalid', ['5 IN A 127.0.0.9']);
    expect(await cache.resolve4('flip.invalid')).toEqual(['127.0.0.9']);
    for (const [fault, code] of [
      ['nxdomain', 'ENOTFOUND'],
      ['nodata', 'ENODATA'],
      ['refused', 'EREFUSED'],
      ['silence', 'ETIMEOUT'],
      ['servfail', 'ESERVFAIL'],
    ] as const) {
      await unbound.setFault('flip.invalid', fault);
      expect([fault, await failure(cache.resolve4('flip.invalid'))]).toEqual([fault, code]);
    }
    await unbound.setFault('flip.invalid', 'none');
    await unbound.setRecords('flip.invalid', ['5 IN A 127.0.0.9']);
    expect(await cache.resolve4('flip.invalid')).toEqual(['127.0.0.9']);
  });

  it('are silent while paused, refuse once killed, and come back with what they knew', async () => {
    await knot.setRecords('test', 'kept', 'A', 5, ['127.0.0.6']);
    knot.pause();
    expect(await failure(authority.resolve4('kept.test'))).toBe('ETIMEOUT');
    knot.resume();
    await until(() => authority.resolve4('kept.test'), { what: 'an answer after the pause' });
    await knot.kill();
    expect(await failure(authority.resolve4('kept.test'))).toBe('ECONNREFUSED');
    await knot.restart();
    // It answers as soon as it listens, and a moment later from the journal of what was changed at run time.
    const kept = (): Promise<string[]> => authority.resolve4('kept.test').catch(() => []);
    await until(async () => (await kept()).includes('127.0.0.6'), { what: 'the record that was set before' });
  });
});

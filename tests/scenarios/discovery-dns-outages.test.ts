/** What happens to name servers must not happen to callers: kills, hangs, lost data and every fault, under traffic. */

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { dnsResolver, type DnsResolverOptions } from '../../src/control/resolvers/dns-resolver.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startKnot, type Knot } from '../support/knot.js';
import { spend } from '../support/scenario-orders.js';
import { underTrafficOf, type Traffic } from '../support/traffic.js';
import { startUnbound } from '../support/unbound.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

/** Minutes in seconds: fresh for half a second, asked again within one after a failure, doubted for ten. */
const CACHE = { minTtlMs: 300, maxTtlMs: 500, negativeTtlMs: 300, retryMaxMs: 1_000, emptyGraceMs: 10_000 };
const NAME = '_http._tcp.orders';

let fleet: Fleet;
let ports: number[];

const records = (which = ports): string[] => which.map((port) => `0 1 ${port} node`);
const startNames = (which = ports): Promise<Knot> =>
  startKnot({ zones: { test: ['node 1 A 127.0.0.1', ...records(which).map((data) => `${NAME} 1 SRV ${data}`)] } });

function underTraffic(
  servers: readonly { readonly address: string }[],
  play: (traffic: Traffic) => Promise<void>,
  options: DnsResolverOptions = {},
): Promise<void> {
  const addresses = servers.map(({ address }) => address);
  const resolver = dnsResolver(`${NAME}.test`, { servers: addresses, timeoutMs: 200, tries: 1, ...options });
  return underTrafficOf({ resolver, cache: CACHE }, play);
}

describeWithServer(['knot', 'unbound'], 'an outage of DNS', () => {
  beforeAll(async () => {
    fleet = await startFleet({ size: 4 });
    ports = fleet.servers.map(({ port }) => port);
  });
  afterAll(() => fleet.close());

  it('by kill changes nothing; records that change after the restart are found', async () => {
    await using knot = await startNames(ports.slice(0, 3));
    await underTraffic([knot], async ({ uses, snapshot, goesOn }) => {
      await uses(...ports.slice(0, 3));
      await knot.kill();
      await until(() => snapshot().resolution.error !== undefined, { what: 'the failure' });
      expect(snapshot().resolution.error).toMatch(
        new RegExp(`ECONNREFUSED: SRV ${NAME}\\.test: ${knot.address}: .*ECONNREFUSED`),
      );
      await goesOn(100);
      expect(snapshot().resolution).toMatchObject({ status: 'found', stale: true });
      await knot.restart();
      await until(() => snapshot().resolution.error === undefined, { what: 'the recovery' });
      await knot.setRecords('test', NAME, 'SRV', 1, records());
      await uses(...ports);
      // As deployments do, a quarter at a time.
      await knot.setRecords('test', NAME, 'SRV', 1, records(ports.slice(1)));
      await uses(...ports.slice(1));
      await goesOn();
    });
  });

  it('that hangs it for ten seconds is not noticed, and what happened meanwhile is known right after', async () => {
    await using knot = await startNames(ports.slice(0, 3));
    await underTraffic([knot], async ({ uses, snapshot, load }) => {
      await uses(...ports.slice(0, 3));
      const before = load.calls;
      knot.pause();
      try {
        await until(() => snapshot().resolution.error !== undefined, { what: 'the failure' });
        expect(snapshot().resolution.error).toContain(`${knot.address}: no answer within 200 ms`);
        await spend(10_000);
        expect(snapshot().resolution).toMatchObject({ status: 'found', stale: true });
      } finally {
        knot.resume();
      }
      expect(load.calls - before).toBeGreaterThan(300);
      await knot.setRecords('test', NAME, 'SRV', 1, records());
      await uses(...ports);
      await until(() => snapshot().resolution.error === undefined, { what: 'the recovery' });
    });
  });

  it('that loses all its data is doubted until the records are back', async () => {
    await using knot = await startNames();
    await underTraffic([knot], async ({ uses, snapshot, goesOn }) => {
      await uses(...ports);
      await knot.restartEmpty();
      await until(() => snapshot().resolution.held === 'empty', { what: 'the doubt' });
      await goesOn(30);
      await uses(...ports);
      await knot.setRecords('test', 'node', 'A', 1, ['127.0.0.1']);
      await knot.setRecords('test', NAME, 'SRV', 1, records());
      await until(() => snapshot().resolution.held === undefined, { what: 'the end of the doubt' });
      await uses(...ports);
      await goesOn();
    });
  });

  it('that takes one server of two leaves the other, and loses nothing but the time of one question', async () => {
    await using first = await startNames(ports.slice(0, 3));
    await using second = await startNames();
    await underTraffic([first, second], async ({ uses, snapshot, goesOn }) => {
      await uses(...ports.slice(0, 3));
      first.pause();
      expect(await uses(...ports)).toBeLessThan(3_000);
      expect(snapshot().resolution).toMatchObject({ stale: false, error: undefined });
      await first.kill();
      await goesOn(50);
      expect(snapshot().resolution).toMatchObject({ stale: false, error: undefined });
    });
  });

  it('of whatever kind changes nothing: SERVFAIL, REFUSED, silence, no such records, no such name', async () => {
    await using unbound = await startUnbound();
    const name = `${NAME}.test`;
    const setRecords = async (): Promise<void> => {
      await unbound.setRecords('node.test', ['1 IN A 127.0.0.1']);
      await unbound.setRecords(name, records().map((data) => `1 IN SRV ${data}.test`)); // prettier-ignore
    };
    await setRecords();
    const expected = { servfail: 'ESERVFAIL: SRV', refused: 'EREFUSED: SRV', silence: 'ETIMEOUT: SRV' } as const;
    await underTraffic([unbound], async ({ uses, snapshot, goesOn }) => {
      await uses(...ports);
      for (const fault of ['servfail', 'refused', 'silence', 'nodata', 'nxdomain'] as const) {
        await unbound.setFault(name, fault);
        await until(
          () => {
            const { error, held } = snapshot().resolution;
            return fault in expected ? error?.startsWith(expected[fault as keyof typeof expected]) : held === 'empty';
          },
          { what: `${fault} to be noticed` },
        );
        await goesOn(20);
        await uses(...ports);
        if (fault === 'servfail') await unbound.setFault(name, 'none');
        await setRecords();
        const isWell = (): boolean => {
          const { error, held } = snapshot().resolution;
          return error === undefined && held === undefined;
        };
        await until(isWell, { what: `the recovery from ${fault}` });
        // Unbound takes the records one by one, so that an answer may have had a few of them only.
        await uses(...ports);
      }
    });
  });

  it('of the addresses of one target leaves that target in use', async () => {
    await using unbound = await startUnbound();
    await unbound.setRecords('a.test', ['1 IN A 127.0.0.1']);
    await unbound.setRecords('b.test', ['1 IN A 127.0.0.1']);
    const [first = 0, second = 0] = ports;
    await unbound.setRecords(`${NAME}.test`, [`1 IN SRV 0 1 ${first} a.test`, `1 IN SRV 0 1 ${second} b.test`]);
    await underTraffic([unbound], async ({ uses, snapshot, client, goesOn }) => {
      await uses(first, second);
      let changes = 0;
      client.on('endpoints', () => changes++);
      await unbound.setFault('b.test', 'servfail');
      await spend(1_500);
      await goesOn();
      // Who has not known it before knows one target only.
      const newcomer = dnsResolver(`${NAME}.test`, { servers: [unbound.address], timeoutMs: 200, tries: 1 });
      expect((await newcomer.resolve(new AbortController())).endpoints).toHaveLength(1);
      await uses(first, second);
      expect(snapshot().resolution).toMatchObject({ stale: false, error: undefined });
      // A family that fails, an answer from memory, times to live that count down: none of it is a change.
      expect(changes).toBe(0);
    });
  });
});

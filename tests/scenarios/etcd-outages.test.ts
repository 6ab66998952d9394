/** What happens to etcd must not happen to callers: kills, restarts without data, hangs and lost quorums, under traffic. */

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { etcdResolver } from '../../src/etcd.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { startEtcd, startEtcdCluster, type Etcd } from '../support/etcd.js';
import { playSilence, untilFailing } from '../support/registry-outages.js';
import { spend } from '../support/scenario-orders.js';
import { underTrafficOf, type Traffic } from '../support/traffic.js';
import { until } from '../support/until.js';

jest.setTimeout(40_000);

const PREFIX = '/services/orders/';

let fleet: Fleet;
let ports: number[];

const register = async (etcd: Etcd, which: readonly number[]): Promise<void> => {
  for (const port of which) await etcd.put(`${PREFIX}${port}`, `127.0.0.1:${port}`);
};
const isWell = ({ snapshot }: Traffic): Promise<unknown> => {
  const well = (): boolean => snapshot().resolution.error === undefined && snapshot().resolution.held === undefined;
  return until(well, { what: 'the recovery', timeoutMs: 20_000 });
};

describeWithServer('etcd', 'an outage of etcd', () => {
  beforeAll(async () => {
    fleet = await startFleet({ size: 4 });
    ports = fleet.servers.map(({ port }) => port);
  });
  afterAll(() => fleet.close());

  it.each(['kill', 'stop'] as const)('by %s changes nothing, and what changed meanwhile is known soon', async (end) => {
    await using etcd = await startEtcd();
    await register(etcd, ports.slice(0, 3));
    await underTrafficOf({ resolver: etcdResolver({ prefix: PREFIX, url: etcd.url }) }, async (traffic) => {
      await traffic.uses(...ports.slice(0, 3));
      await etcd[end]();
      await untilFailing(traffic);
      expect(traffic.snapshot().resolution).toMatchObject({ status: 'found', stale: true });
      await traffic.goesOn(100);
      await etcd.restart();
      await register(etcd, ports.slice(3));
      await traffic.uses(...ports);
      expect(traffic.snapshot().resolution).toMatchObject({ status: 'found', stale: false, error: undefined });
      await etcd.delete(`${PREFIX}${ports[0]}`);
      expect(await traffic.uses(...ports.slice(1))).toBeLessThan(1_000);
    });
  });

  it('that takes its data changes nothing until the services are back, and what is new is seen', async () => {
    await using etcd = await startEtcd();
    await register(etcd, ports);
    await underTrafficOf({ resolver: etcdResolver({ prefix: PREFIX, url: etcd.url }) }, async (traffic) => {
      await traffic.uses(...ports);
      const errors: string[] = [];
      traffic.client.on('resolveError', ({ error }) => errors.push(String(error)));
      await etcd.restart({ empty: true });
      await until(() => traffic.snapshot().resolution.held === 'empty', { what: 'the doubt' });
      expect(errors.join('\n')).toMatch(/etcd is at revision 1 and was at 5: it has lost its data/);
      await traffic.goesOn(50);
      // Who is quick to come back must not get the traffic of all.
      await register(etcd, ports.slice(0, 1));
      await until(() => traffic.snapshot().resolution.held === 'shrunk', { what: 'more doubt' });
      await spend(300);
      await traffic.uses(...ports);
      await register(etcd, ports.slice(1));
      await isWell(traffic);
      await traffic.uses(...ports);
      // The watch is not blind, although its revisions are those of long ago.
      await etcd.delete(`${PREFIX}${ports[0]}`);
      expect(await traffic.uses(...ports.slice(1))).toBeLessThan(1_000);
    });
  });

  it('that hangs it for ten seconds is noticed by discovery, not by callers', async () => {
    await using etcd = await startEtcd();
    await register(etcd, ports.slice(0, 3));
    const resolver = etcdResolver({ prefix: PREFIX, url: etcd.url, checkMs: 2_000, timeoutMs: 1_000 });
    await underTrafficOf({ resolver }, async (traffic) => {
      await traffic.uses(...ports.slice(0, 3));
      await playSilence(traffic, etcd);
      await register(etcd, ports.slice(3));
      await traffic.uses(...ports);
      expect(traffic.snapshot().resolution).toMatchObject({ stale: false, error: undefined });
    });
  });

  it('of one member of three is no failure: the next one is followed', async () => {
    const members = await startEtcdCluster();
    try {
      await register(members[0], ports.slice(0, 3));
      const url = members.map((member) => member.url);
      const resolver = etcdResolver({ prefix: PREFIX, url, checkMs: 1_000, timeoutMs: 1_000 });
      await underTrafficOf({ resolver }, async (traffic) => {
        await traffic.uses(...ports.slice(0, 3));
        for (const [at, member] of members.entries()) {
          const other = members[(at + 1) % members.length]!;
          await member.kill();
          const joins = at % 2 === 0;
          await (joins ? register(other, ports.slice(3)) : other.delete(`${PREFIX}${ports[3]}`));
          await traffic.uses(...(joins ? ports : ports.slice(0, 3)));
          await member.restart();
        }
        await isWell(traffic);
      });
    } finally {
      await Promise.all(members.map((member) => member.close()));
    }
  });

  it('of the quorum keeps the last good list, and is over when the quorum is back', async () => {
    const members = await startEtcdCluster();
    try {
      const [left, ...others] = members;
      await register(left, ports.slice(0, 3));
      const resolver = etcdResolver({ prefix: PREFIX, url: left.url });
      await underTrafficOf({ resolver }, async (traffic) => {
        await traffic.uses(...ports.slice(0, 3));
        const errors: string[] = [];
        traffic.client.on('resolveError', ({ error }) => errors.push(String(error)));
        const lostAtMs = performance.now();
        await Promise.all(others.map((member) => member.kill()));
        await untilFailing(traffic, 8_000);
        // By etcd's own word, long before anybody asks after ten seconds of silence.
        expect(errors.join()).toMatch(/no leader/);
        expect(performance.now() - lostAtMs).toBeLessThan(8_000);
        expect(traffic.snapshot().resolution).toMatchObject({ status: 'found', stale: true, held: undefined });
        await traffic.goesOn(50);
        await Promise.all(others.map((member) => member.restart()));
        await register(left, ports.slice(3));
        await isWell(traffic);
        await traffic.uses(...ports);
      });
    } finally {
      await Promise.all(members.map((member) => member.close()));
    }
  });
});

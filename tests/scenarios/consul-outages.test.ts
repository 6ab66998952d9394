/** What happens to Consul must not happen to callers: kills, restarts without data, hangs and lost quorums, under traffic. */

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startConsul, startConsulCluster, type Consul } from '../support/consul.js';
import { underTraffic } from '../support/consul-traffic.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { playLossOfData, playSilence } from '../support/registry-outages.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

let fleet: Fleet;
let ports: number[];

const registerAll = (consul: Consul, which = ports): Promise<unknown> =>
  Promise.all(which.map((port) => consul.register({ name: 'orders', id: `orders-${port}`, port })));

describeWithServer('consul', 'an outage of Consul', () => {
  beforeAll(async () => {
    fleet = await startFleet({ size: 4 });
    ports = fleet.servers.map(({ port }) => port);
  });
  afterAll(() => fleet.close());

  it.each<['kill' | 'stop', number]>([
    ['kill', 10_000],
    ['stop', 500],
  ])(
    'by %s for %i ms, and a restart that has forgotten everybody, changes nothing; who registers anew is found',
    async (end, downMs) => {
      await using consul = await startConsul();
      await registerAll(consul);
      // Consul counts on from here, so that the index of the new process is far below.
      for (let i = 0; i < 30; i++) await consul.call('PUT', '/v1/kv/x', i);
      await registerAll(consul);
      await underTraffic({ service: 'orders', url: consul.url }, async (traffic) => {
        const { uses, snapshot, goesOn } = traffic;
        await uses(...ports);
        await spend(1_000);
        // The next question may be the longest random pause after failures away.
        await playLossOfData(traffic, {
          kill: () => consul[end](),
          restart: () => consul.restart(),
          downMs,
          askedWithinMs: 32_000,
        });
        // One after the other, as deployments do; the last one is a newcomer.
        for (const port of ports.slice(0, 3)) await registerAll(consul, [port]);
        await uses(...ports.slice(0, 3));
        expect(snapshot().resolution).toMatchObject({ held: undefined, error: undefined });
        // The question that is held now is not blind.
        await spend(1_000);
        await registerAll(consul, ports.slice(3));
        expect(await uses(...ports)).toBeLessThan(2_000);
        await goesOn();
      });
    },
  );

  it('that hangs it for ten seconds is not noticed, and what happened meanwhile is known right after', async () => {
    await using consul = await startConsul();
    await registerAll(consul, ports.slice(0, 3));
    await underTraffic({ service: 'orders', url: consul.url, waitMs: 4_000 }, async (traffic) => {
      const { uses, snapshot } = traffic;
      await uses(...ports.slice(0, 3));
      await spend(1_000);
      await playSilence(traffic, consul);
      await registerAll(consul, ports.slice(3));
      await uses(...ports);
      await until(() => snapshot().resolution.error === undefined, { what: 'the recovery' });
    });
  });

  it('that takes the agent in use makes the next one answer', async () => {
    await using first = await startConsul();
    await using second = await startConsul();
    await Promise.all([registerAll(first, ports.slice(0, 3)), registerAll(second)]);
    const url = [first.url, second.url];
    await underTraffic({ service: 'orders', url }, async ({ uses, snapshot, goesOn }) => {
      await uses(...ports.slice(0, 3));
      await spend(1_000);
      await first.kill();
      expect(await uses(...ports)).toBeLessThan(2_000);
      expect(snapshot().resolution).toMatchObject({ status: 'found', stale: false, error: undefined });
      await second.deregister(`orders-${ports[0]}`);
      await uses(...ports.slice(1));
      await goesOn();
    });
  });

  it('of the quorum leaves stale answers to those who take them, and the last good ones to everybody', async () => {
    const servers = await startConsulCluster();
    try {
      const [reader, ...others] = servers;
      await registerAll(reader);
      const base = { service: 'orders', url: reader.url, waitMs: 3_000 } as const;
      await underTraffic({ ...base, consistency: 'stale' }, async (stale) => {
        await underTraffic(base, async (strict) => {
          await Promise.all([stale.uses(...ports), strict.uses(...ports)]);
          await Promise.all(others.map((server) => server.kill()));
          await until(() => strict.snapshot().resolution.error !== undefined, {
            what: 'the failure',
            timeoutMs: 15_000,
          });
          expect(strict.snapshot().resolution).toMatchObject({ status: 'found', held: undefined });
          // After the turmoil of the first seconds, the one server that is left answers whoever takes stale answers.
          const isWell = (): boolean => {
            const { error, ageMs = Infinity } = stale.snapshot().resolution;
            return error === undefined && ageMs < 2_000;
          };
          await until(isWell, { what: 'a stale answer', timeoutMs: 15_000 });
          await Promise.all([stale.goesOn(100), strict.goesOn(100)]);
          await Promise.all([stale.uses(...ports), strict.uses(...ports)]);
          await Promise.all(others.map((server) => server.restart()));
          const recovered = (): boolean => strict.snapshot().resolution.error === undefined;
          await until(recovered, { what: 'the recovery', timeoutMs: 30_000 });
          await reader.deregister(`orders-${ports[0]}`);
          await Promise.all([stale.uses(...ports.slice(1)), strict.uses(...ports.slice(1))]);
        });
      });
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});

/** What happens to the API server of Kubernetes must not happen to callers: kills, restarts without data, hangs, 410, rollouts, under traffic. */

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { kubernetesResolver, type KubernetesResolverOptions } from '../../src/kubernetes.js';
import { startFleet, type Fleet, type FleetServer } from '../../src/testing/fleet.js';
import { startKubernetesApi, type ApiSlice, type KubernetesApi } from '../support/kubernetes-api/api-server.js';
import { apiSlice, GONE, LEAVING, READY } from '../support/kubernetes-api/slice-fixtures.js';
import { playLossOfData, playSilence } from '../support/registry-outages.js';
import { underTrafficOf, type Traffic } from '../support/traffic.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

let fleet: Fleet;
let ports: number[];

beforeAll(async () => {
  fleet = await startFleet({ size: 4 });
  ports = fleet.servers.map(({ port }) => port);
});
afterAll(() => fleet.close());

/** Every server has a port of its own here, so each has a slice of its own. */
const sliceOf = (port: number, conditions: object = READY): ApiSlice =>
  apiSlice({
    name: `orders-${port}`,
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['127.0.0.1'], conditions, targetRef: { kind: 'Pod', name: `orders-${port}`, uid: `uid-${port}` } },
    ],
  });
const slices = (which = ports): ApiSlice[] => which.map((port) => sliceOf(port));

function underTraffic(
  api: KubernetesApi,
  play: (traffic: Traffic) => Promise<void>,
  options: Partial<KubernetesResolverOptions> = {},
): Promise<void> {
  const resolver = kubernetesResolver({ service: 'orders', namespace: 'shop', url: api.url, ...options });
  return underTrafficOf({ resolver }, play);
}

describe('an outage of the API server', () => {
  it('by SIGKILL, and a restart without data, changes nothing; slices that are written anew are found', async () => {
    await using api = await startKubernetesApi();
    await api.put(...slices());
    // Its versions count on, so that those of the new process are far below.
    for (let i = 0; i < 30; i++) await api.put(sliceOf(ports[0]!));
    await underTraffic(api, async (traffic) => {
      const { uses, snapshot, goesOn } = traffic;
      await uses(...ports);
      expect(snapshot().resolution.resolver).toBe('kubernetes');
      await playLossOfData(traffic, { ...api, downMs: 1_500, askedWithinMs: 20_000 });
      for (const port of ports.slice(0, 3)) await api.put(sliceOf(port));
      await uses(...ports.slice(0, 3));
      expect(snapshot().resolution).toMatchObject({ held: undefined, error: undefined, stale: false });
      await api.put(sliceOf(ports[3]!));
      // By the watch that stands now.
      expect(await uses(...ports)).toBeLessThan(2_000);
      await goesOn();
    });
  });

  it('that hangs it for ten seconds is noticed, and what happened meanwhile is known right after', async () => {
    await using api = await startKubernetesApi();
    await api.put(...slices(ports.slice(0, 3)));
    await underTraffic(
      api,
      async (traffic) => {
        await traffic.uses(...ports.slice(0, 3));
        await playSilence(traffic, api);
        await api.put(sliceOf(ports[3]!));
        await traffic.uses(...ports);
      },
      { idleMs: 3_000, timeoutMs: 1_000 },
    );
  });

  it.each(['event', 'status'] as const)(
    'that forgets the past (410 by %s) leads to a new list and to no gap',
    async (by) => {
      await using api = await startKubernetesApi();
      await api.put(...slices());
      await underTraffic(api, async ({ client, uses, snapshot, goesOn }) => {
        await uses(...ports);
        await until(async () => (await api.stats()).standing === 1, { what: 'the watch' });
        const changes: unknown[] = [];
        client.on('endpoints', (event) => changes.push(event));
        const { lists } = await api.stats();
        await api.compact(by);
        await api.endWatches('abruptly');
        await until(async () => (await api.stats()).lists > lists && (await api.stats()).standing === 1, {
          what: 'a new list, and a watch',
        });
        await goesOn();
        expect(changes).toEqual([]);
        await api.remove(sliceOf(ports[0]!));
        await uses(...ports.slice(1));
        expect(snapshot().resolution.error).toBeUndefined();
      });
    },
  );

  it('of every kind is survived, one after the other', async () => {
    await using api = await startKubernetesApi({ token: 'first-token' });
    await api.put(...slices());
    let token = 'first-token';
    const options = { token: () => token, idleMs: 1_500, timeoutMs: 1_000 };
    await underTraffic(
      api,
      async ({ uses, snapshot, goesOn }) => {
        const failsWith = (words: string): Promise<unknown> =>
          until(() => snapshot().resolution.error?.includes(words), { what: words, timeoutMs: 8_000 });
        const recovers = (): Promise<unknown> =>
          until(() => snapshot().resolution.error === undefined, { what: 'the recovery', timeoutMs: 8_000 });
        const faults = [
          [{ kind: 'status', status: 429, retryAfterSeconds: 1 }, 'status 429'],
          [
            { kind: 'status', status: 403, message: 'endpointslices is forbidden' },
            'status 403: endpointslices is forb',
          ],
          [{ kind: 'garbage' }, 'broke off within an event'],
        ] as const;
        await uses(...ports);
        for (const [fault, words] of faults) {
          await api.fault(fault);
          await api.endWatches();
          await failsWith(words);
          await api.fault({ kind: 'none' });
          await recovers();
        }
        await api.setToken('second-token');
        await api.endWatches();
        await failsWith('status 401: Unauthorized');
        token = 'second-token';
        await recovers();

        // A watch that is open and dead: neither events nor bookmarks, until it is opened anew.
        await until(async () => (await api.stats()).standing === 1, { what: 'the watch' });
        await api.fault({ kind: 'silent' });
        await api.remove(sliceOf(ports[0]!));
        await goesOn();
        await api.fault({ kind: 'none' });
        await uses(...ports.slice(1));
        await goesOn();
        expect(snapshot().resolution).toMatchObject({ status: 'found', stale: false });
      },
      options,
    );
  });
});

describe('a rolling deploy', () => {
  it('through terminating endpoints, down to a moment when nobody is ready, costs no call', async () => {
    await using deploy = await startFleet({ size: 3 });
    await using api = await startKubernetesApi();
    const old = deploy.servers.map(({ port }) => port);
    await api.put(...slices(old));
    await underTraffic(api, async ({ client, uses, endpoints, goesOn }) => {
      await uses(...old);
      const leave = async (server: FleetServer): Promise<void> => {
        await api.put(sliceOf(server.port, GONE));
        await until(() => !endpoints().some(({ port }) => port === server.port), { what: 'its end to be known' });
        await server.stop();
        await api.remove(sliceOf(server.port));
      };
      const [first, second, third] = [...deploy.servers] as [FleetServer, FleetServer, FleetServer];
      const successors: FleetServer[] = [];
      for (const server of [first, second]) {
        const next = await deploy.add();
        successors.push(next);
        await api.put(sliceOf(next.port));
        await api.put(sliceOf(server.port, LEAVING));
        await goesOn(10);
        await leave(server);
      }
      // The rollout goes wrong: those who are left are all on their way out, and still answer.
      const last = [third, ...successors];
      for (const { port } of last) await api.put(sliceOf(port, LEAVING));
      const picksLeaving = (): boolean => {
        using lease = client.pick('orders');
        return lease.endpoint.metadata['terminating'] === 'true';
      };
      await until(picksLeaving, { what: 'those who leave to be used' });
      expect(endpoints()).toHaveLength(3);
      await goesOn(50);
      // And it is rolled back.
      const rescue = await deploy.add();
      await api.put(sliceOf(rescue.port));
      // One of three is a sharp fall, which is doubted until it is said again.
      await uses(rescue.port);
      for (const server of last) await leave(server);
      await goesOn();
    });
  });
});

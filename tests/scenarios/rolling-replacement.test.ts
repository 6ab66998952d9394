/**
 * A deploy: every endpoint of a service is replaced through the registry, under traffic. A server that has been
 * deregistered serves on until clients can have heard of it, and then ends as servers do on SIGTERM.
 */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createClient, registryResolver, type Client } from '../../src/index.js';
import type { RegistryResolverOptions } from '../../src/control/resolvers/registry-options.js';
import { startFleet, type Fleet, type FleetServer } from '../../src/testing/fleet.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { startLoad, type Load } from '../support/load.js';
import { until } from '../support/until.js';

const SIZE = 4;

let fleet: Fleet;
let registry: RegistryServer;
let client: Client;

beforeEach(async () => {
  [fleet, registry] = await Promise.all([startFleet({ size: SIZE }), startRegistryServer()]);
  await registry.set('orders', fleet.addresses);
});
afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await Promise.all([fleet.close(), registry.close()]);
});

async function start(options: Partial<RegistryResolverOptions> = {}): Promise<void> {
  client = createClient({
    services: { orders: { resolver: registryResolver({ url: registry.urlOf('orders'), ...options }) } },
  });
  await client.ready();
}

const startPosts = (): Load =>
  startLoad({
    ratePerSecond: 100,
    call: async (n) => {
      const init = { method: 'POST', body: `order ${n}`, headers: { 'x-request-id': `post-${n}` } };
      const response = await client.fetch(`http://orders/delay/${n % 20}`, init);
      if (response.status !== 200) throw new Error(`answered ${response.status}`);
      await response.arrayBuffer();
    },
  });

const knows = (server: FleetServer): boolean =>
  client
    .snapshot()
    .services['orders']!.endpoints.some(({ port, state }) => port === server.port && state !== 'draining');

async function replace(old: readonly FleetServer[], received: string[]): Promise<void> {
  const successors = await Promise.all(old.map(() => fleet.add()));
  for (const { address } of successors) await registry.register('orders', address);
  for (const { address } of old) await registry.deregister('orders', address);
  // The minute that a deploy tool waits; here as long as it takes.
  await until(() => successors.every(knows) && !old.some(knows), {
    what: 'the client to learn of it',
    timeoutMs: 20_000,
  });
  for (const server of old) {
    received.push(...(await idsAt(server)));
    await server.stop();
  }
}

const idsAt = async (server: FleetServer): Promise<string[]> => (await server.stats()).received.map(({ id }) => id);

describe('a rolling replacement of every endpoint', () => {
  it.each([
    // With the defaults the client hears of a change within ten seconds: two at a time, to be done in twenty.
    { how: 'the defaults', options: {}, atOnce: 2 },
    { how: 'long polls', options: { longPoll: {} }, atOnce: 1 },
  ])(
    'costs no POST, and none arrives twice, with $how',
    async ({ options, atOnce }) => {
      await start(options);
      const first = [...fleet.servers];
      const received: string[] = [];
      const load = startPosts();
      for (let i = 0; i < SIZE; i += atOnce) await replace(first.slice(i, i + atOnce), received);
      const { calls, errors } = await load.stop();

      expect(errors).toEqual([]);
      for (const server of fleet.servers.slice(SIZE)) received.push(...(await idsAt(server)));
      const sent = Array.from({ length: calls }, (_, n) => `post-${n}`);
      expect(received.sort()).toEqual(sent.sort());
      const { endpoints, inFlight } = client.snapshot().services['orders']!;
      expect(endpoints.map(({ port }) => port).sort()).toEqual(
        fleet.servers
          .slice(SIZE)
          .map(({ port }) => port)
          .sort(),
      );
      expect(inFlight).toBe(0);
    },
    60_000,
  );

  it('costs no GET when servers are killed without a word to the registry', async () => {
    await start({ longPoll: {} });
    const load = startLoad({
      ratePerSecond: 100,
      call: async (n) => {
        const response = await client.fetch(`http://orders/delay/${n % 20}`);
        if (response.status !== 200) throw new Error(`answered ${response.status}`);
        await response.arrayBuffer();
      },
    });
    const successors: FleetServer[] = [];
    for (const old of fleet.servers.slice(0, SIZE)) {
      const successor = await fleet.add();
      successors.push(successor);
      await registry.register('orders', successor.address);
      await old.kill();
      await until(() => knows(successor), { what: 'the client to learn of the successor' });
    }
    // The last one became known only now.
    for (const successor of successors)
      await until(async () => (await successor.stats()).requests > 0, { what: `a request at ${successor.id}` });
    const { calls, errors } = await load.stop();
    expect(errors).toEqual([]);
    expect(calls).toBeGreaterThan(50);
  }, 30_000);

  it('lets what runs at a removed endpoint end there', async () => {
    const [old, successor] = [fleet.servers[0]!, fleet.servers[1]!];
    await registry.set('orders', [old.address]);
    await start({ longPoll: {} });
    const response = await client.fetch('http://orders/stream?bytes=200000&intervalMs=100');
    await registry.set('orders', [successor.address]);
    await until(() => !knows(old), { what: 'the removal' });
    expect(client.snapshot().services['orders']?.endpoints).toContainEqual(
      expect.objectContaining({ port: old.port, state: 'draining', inFlight: 1 }),
    );
    const next = await client.fetch('http://orders/');
    expect(await next.json()).toMatchObject({ server: successor.id });
    expect((await response.arrayBuffer()).byteLength).toBe(200_000);
    await until(() => client.snapshot().services['orders']?.endpoints.length === 1, { what: 'the end of the old one' });
    await until(async () => (await old.stats()).openSockets === 0, { what: 'its connections to close' });
  });
});

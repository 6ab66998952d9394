/**
 * One run: a scenario under one policy, from one seed.
 *
 * Runs of the same seed see the same arrivals, from the same clients, of the same work, whatever the policy does: each
 * has a stream of random numbers of its own. What differs between two policies is then their doing, and a ratio of two
 * p99 is much steadier than either.
 */

import { serviceSettings } from '../../src/client/service-settings.js';
import type { ServiceOptions, ServiceSettings } from '../../src/client/options.js';
import { isFairleadError } from '../../src/core/errors.js';
import type { Random } from '../../src/core/random.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { createSimulatedClient, type SimulatedClient } from './client.js';
import { exponential } from './distributions.js';
import { createOracle } from './oracle.js';
import { createRecorder, type RunRecord } from './record.js';
import { createRegistry } from './registry.js';
import type { PolicyName, Scenario } from './scenario.js';
import { SimulatedServer, type ServerSpec } from './server.js';
import { createVirtualClock } from './virtual-clock.js';
import type { WireInput } from './wire.js';

/** What a script can do to a world. */
export interface World {
  /** Servers of the beginning first, then those that were added. */
  readonly servers: readonly SimulatedServer[];
  readonly clientCount: number;
  /** Of the world's own making, apart from what policies draw. */
  readonly random: Random;
  /** Milliseconds since the beginning of what is measured. */
  readonly at: (ms: number, action: () => void) => void;
  /** A new server, up but not known to discovery. */
  readonly addServer: (spec: ServerSpec) => SimulatedServer;
  /** What discovery says from now on. */
  readonly announce: (servers: readonly SimulatedServer[]) => void;
  /** Arrivals from now on, as a multiple of the scenario's load. */
  readonly setLoad: (factor: number) => void;
  /** The process of this client is replaced by a new one, which knows nothing. */
  readonly restartClient: (index: number) => void;
}

/** How long calls may go on after the last one began: longer than any timeout. */
const WIND_DOWN_MS = 40_000;
const PROPAGATION_MS = 1_000;
const ZONE_DISTANCE = 3;
const SAMPLE_EVERY_MS = 100;

export async function simulate(scenario: Scenario, policy: PolicyName, seed: number): Promise<RunRecord> {
  const startedAt = process.hrtime.bigint();
  const { warmUpMs, measuredMs, networkMs, workMs, shape } = scenario;
  const clock = createVirtualClock();
  const stream = (purpose: number): Random => createSeededRandom(seed * 64 + purpose);
  const [arrivals, work, network, script] = [stream(0), stream(1), stream(2), stream(3)];
  const choices = stream(4);

  const oracle = createOracle();
  const servers: SimulatedServer[] = [];
  const byId = new Map<string, SimulatedServer>();
  const addServer = (spec: ServerSpec): SimulatedServer => {
    const number = servers.length;
    const server = new SimulatedServer(number, idOf(number), spec, clock, oracle.changed);
    servers.push(server);
    byId.set(server.id, server);
    oracle.add(server);
    return server;
  };
  for (const spec of scenario.servers) addServer(spec);
  const registry = createRegistry({ clock, random: network, propagationMs: PROPAGATION_MS });
  registry.set(servers);

  const settings = settingsOf(scenario, policy, { resolver: registry.resolver, oracle: oracle.createPicker });
  const measuredFromMs = clock.now() + warmUpMs;
  const endMs = measuredFromMs + measuredMs;
  const recorder = createRecorder({ clock, servers, fromMs: measuredFromMs, endMs });
  const startClient = (index: number): SimulatedClient => {
    const zone = scenario.clientZones?.[index % scenario.clientZones.length];
    const wire: WireInput = {
      clock,
      server: (id) => byId.get(id) as SimulatedServer,
      oneWayMs: (server) => (server.zone === zone ? networkMs : networkMs * ZONE_DISTANCE),
      onSend: recorder.sent,
    };
    return createSimulatedClient({ clock, random: choices, settings, zone, wire });
  };
  const clients = Array.from({ length: scenario.clients }, (_, index) => startClient(index));

  const perMs = (capacityOf(scenario) * scenario.load) / 1_000;
  let factor = 1;
  const arrive = (): void => {
    if (clock.now() >= endMs) return;
    const client = clients[Math.floor(arrivals.next() * clients.length)] as SimulatedClient;
    const call = recorder.began(client);
    client.call(workMs * shape(work), (status, error) => {
      call.ended(status !== undefined && status < 500, isFairleadError(error) && error.code === 'ERR_LIMIT_EXCEEDED');
    });
    clock.after(exponential(arrivals) / (perMs * factor), arrive);
  };
  arrive();

  scenario.script?.({
    servers,
    clientCount: clients.length,
    random: script,
    at: (ms, action) => void clock.after(measuredFromMs + ms - clock.now(), action),
    addServer,
    announce: (named) => registry.set(named),
    setLoad: (to) => {
      factor = to;
    },
    restartClient(index) {
      const old = clients[index] as SimulatedClient;
      old.kill();
      recorder.lost(old);
      clients[index] = startClient(index);
    },
  });
  const sample = (): void => {
    recorder.sample();
    if (clock.now() < endMs) clock.after(SAMPLE_EVERY_MS, sample);
  };
  clock.after(warmUpMs, sample);

  await clock.run(endMs);
  await clock.run(endMs + WIND_DOWN_MS, () => recorder.open === 0);
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  return recorder.finish({ events: clock.events, seconds });
}

/** Requests per second that all servers together can do. */
export function capacityOf({ servers, workMs }: Scenario): number {
  return servers.reduce((sum, { workers, speed = 1 }) => sum + (workers * speed * 1_000) / workMs, 0);
}

function idOf(number: number): string {
  return `http://10.${number >> 16}.${(number >> 8) & 255}.${number & 255}:8080`;
}

/** The defaults of the library, but for the policy. Checked and completed by the library, once for all clients. */
function settingsOf(
  scenario: Scenario,
  policy: PolicyName,
  { resolver, oracle }: { resolver: ServiceOptions['resolver']; oracle: ServiceOptions['balancer'] },
): ServiceSettings {
  const options: ServiceOptions =
    policy === 'oracle'
      ? // It knows who is well, and chooses among all.
        { ...scenario.options, resolver, balancer: oracle as never, ejection: false, subset: false, locality: false }
      : { ...scenario.options, resolver, balancer: policy };
  return serviceSettings(options, {}, `services.orders`);
}

/**
 * The situations that the default policy has to be good in, with what is asked of it. All servers have four workers, a
 * request is 20 ms of work on average, log-normally distributed with a heavy tail, unless a scenario says otherwise.
 */

import type { ServiceOptions } from '../../src/client/options.js';
import { logNormal } from './distributions.js';
import type { Scenario, Targets } from './scenario.js';
import type { ServerSpec } from './server.js';
import type { World } from './world.js';

const WORKERS = 4;

const BASE = {
  load: 0.7,
  workMs: 20,
  shape: logNormal(1),
  networkMs: 0.25,
  warmUpMs: 2_000,
  measuredMs: 12_000,
} satisfies Partial<Scenario>;

function equalServers(count: number, fields: Partial<ServerSpec> = {}): ServerSpec[] {
  return Array.from({ length: count }, () => ({ workers: WORKERS, ...fields }));
}

const STEADY: readonly Scenario[] = [
  steady('steady-70-few-clients', 'Steady, 70 % load, 5 clients × 20 servers', 5, 20, 0.7, 1.1),
  steady('steady-70-many-clients', 'Steady, 70 % load, 200 clients × 20 servers', 200, 20, 0.7, 1.1),
  steady('steady-90-few-clients', 'Steady, 90 % load, 5 clients × 20 servers', 5, 20, 0.9, 1.3),
  steady('steady-90-many-clients', 'Steady, 90 % load, 200 clients × 20 servers', 200, 20, 0.9, 1.3),
];

function steady(
  name: string,
  title: string,
  clients: number,
  servers: number,
  load: number,
  p99Ratio: number,
): Scenario {
  return {
    ...BASE,
    name,
    title,
    clients,
    servers: equalServers(servers),
    load,
    targets: { p99Ratio },
  };
}

/** Half and twice the speed of the others: machines of three generations. */
const SPEEDS = [0.5, 1, 1, 2];

const UNEQUAL: Scenario = {
  ...BASE,
  name: 'unequal-speed',
  title: 'Servers of unequal, unknown speed (0.5, 1, 1, 2), 70 % load, 50 clients × 20 servers',
  clients: 50,
  servers: SPEEDS.flatMap((speed) => equalServers(5, { speed })),
  targets: { p99Ratio: 1.35 },
};

/** Of medium size: every client knows every server, and has something to say about it. */
function twentyByTwenty(name: string, title: string): Omit<Scenario, 'measuredMs' | 'targets'> {
  return {
    ...BASE,
    name,
    title: `${title}, 70 % load, 20 clients × 20 servers`,
    clients: 20,
    servers: equalServers(20),
  };
}

const ONE_BAD: Targets = { p99Ratio: 1.1, errorRatio: 1e-5, amplification: 1.01, recoveryMs: 2_000 };

function oneOfTwenty(name: string, title: string, fault: (world: World) => void): Scenario {
  return {
    ...twentyByTwenty(name, title),
    measuredMs: 8_000,
    trouble: { fromMs: 2_000, toMs: 8_000, recoveryFrom: 'beginning' },
    script: (world) => world.at(2_000, () => fault(world)),
    targets: ONE_BAD,
  };
}

const ONE_OF_TWENTY: readonly Scenario[] = [
  oneOfTwenty('one-fails-fast', 'One of 20 answers 503 at once', ({ servers }) => servers[0]?.setState('failing')),
  oneOfTwenty('one-hangs', 'One of 20 hangs', ({ servers }) => servers[0]?.setState('hung')),
  oneOfTwenty('one-slow', 'One of 20 is ten times slower', ({ servers }) => servers[0]?.setSlowness(10)),
  oneOfTwenty('one-crashes', 'One of 20 crashes', ({ servers }) => servers[0]?.setState('down')),
];

const DEPLOY_EVERY_MS = 300;
/** Longer than discovery takes to tell everybody, and than all but the longest requests. */
const DRAIN_MS = 3_000;

/** Twenty servers are replaced one after the other, each by a new one under a new address. */
function deploy(name: string, title: string, replace: (world: World, index: number) => void): Scenario {
  return {
    ...twentyByTwenty(name, title),
    measuredMs: 10_000,
    trouble: { fromMs: 2_000, toMs: 10_000, recoveryFrom: 'beginning' },
    script: (world) => {
      for (let index = 0; index < 20; index++) world.at(2_000 + index * DEPLOY_EVERY_MS, () => replace(world, index));
    },
    targets: { p99Ratio: 1.15, errorRatio: 0 },
  };
}

/** Those of the old generation from `index` on, and what has taken the place of the others. */
function generation(world: World, index: number): World['servers'] {
  return world.servers.slice(index, index + 20);
}

const DEPLOYS: readonly Scenario[] = [
  deploy('deploy-graceful', 'Rolling deploy, graceful', (world, index) => {
    world.addServer({ workers: WORKERS });
    world.announce(generation(world, index + 1));
    const old = world.servers[index];
    world.at(2_000 + index * DEPLOY_EVERY_MS + DRAIN_MS, () => old?.setState('down'));
  }),
  deploy(
    'deploy-abrupt',
    'Rolling deploy, abrupt: killed first, discovery learns of it a second later',
    (world, index) => {
      world.servers[index]?.setState('down');
      world.addServer({ workers: WORKERS });
      world.at(2_000 + index * DEPLOY_EVERY_MS + 1_000, () => world.announce(generation(world, index + 1)));
    },
  ),
];

const ZONES = ['a', 'b', 'c'];

const ZONE_OUTAGE: Scenario = {
  ...BASE,
  name: 'zone-outage',
  title: 'One of three zones goes down and is back after 4 s, 50 % load, 30 clients × 30 servers',
  clients: 30,
  clientZones: ZONES,
  servers: ZONES.flatMap((zone) => equalServers(10, { zone })),
  load: 0.5,
  measuredMs: 8_000,
  trouble: { fromMs: 2_000, toMs: 6_000, recoveryFrom: 'beginning' },
  script: ({ at, servers }) => {
    const zone = servers.slice(0, 10);
    at(2_000, () => zone.forEach((server) => server.setState('down')));
    at(6_000, () => zone.forEach((server) => server.setState('up')));
  },
  targets: { p99Ratio: 1.35, errorRatio: 0 },
};

const CAPACITY_LOSS: Scenario = {
  ...BASE,
  name: 'capacity-loss',
  title: 'Half of the servers lose half of their workers, 60 % load, 50 clients × 20 servers',
  clients: 50,
  servers: equalServers(20),
  load: 0.6,
  measuredMs: 10_000,
  trouble: { fromMs: 2_000, toMs: 10_000, recoveryFrom: 'beginning' },
  script: ({ at, servers }) =>
    at(2_000, () => servers.slice(0, 10).forEach((server) => server.setWorkers(WORKERS / 2))),
  targets: {},
};

const LARGE: Scenario = {
  ...BASE,
  name: 'large-fleet',
  title: '1,000 clients × 1,000 servers, subsets of 20, 70 % load, requests of 100 ms',
  clients: 1_000,
  servers: equalServers(1_000),
  workMs: 100,
  measuredMs: 3_000,
  options: { subset: { size: 20 } },
  targets: { p99Ratio: 1.15 },
};

const MASS_RESTART: Scenario = {
  ...BASE,
  name: 'mass-restart',
  title: 'All clients restart at once, 70 % load, 100 clients × 20 servers',
  clients: 100,
  servers: equalServers(20),
  measuredMs: 6_000,
  trouble: { fromMs: 2_000, toMs: 6_000, recoveryFrom: 'beginning' },
  script: (world) =>
    world.at(2_000, () => {
      for (let index = 0; index < world.clientCount; index++) world.restartClient(index);
    }),
  // 140 arrivals a second at each server, give or take 8.5 %: chance alone takes the busiest of 20 there once in a thousand runs.
  targets: { errorRatio: 0, herd: 1.35 },
};

interface Overload {
  readonly name: string;
  /** What servers do with more than they can do. */
  readonly title: string;
  readonly server?: Partial<ServerSpec>;
  readonly options?: Partial<ServiceOptions>;
  /** Until everything has had the time to be as before. */
  readonly restMs: number;
}

function overload({ name, title, server, options = {}, restMs }: Overload): Scenario {
  const of = (clients: number, servers: number, pushMs: number, afterMs: number): Scenario => ({
    ...BASE,
    name,
    title: `Overload: 1.5 times the capacity for ${pushMs / 1_000} s, ${title}, ${clients} clients × ${servers} servers`,
    clients,
    servers: equalServers(servers, server),
    measuredMs: 3_000 + pushMs + afterMs,
    trouble: { fromMs: 3_000, toMs: 3_000 + pushMs, recoveryFrom: 'end' },
    options,
    script: ({ at, setLoad }) => {
      at(3_000, () => setLoad(1.5 / BASE.load));
      at(3_000 + pushMs, () => setLoad(1));
    },
    targets: { amplification: 1.1, goodputRatio: 0.8, recoveryMs: 10_000 },
  });
  return { ...of(20, 10, 30_000, restMs), inShort: of(8, 4, 5_000, 6_000) };
}

const OVERLOADS: readonly Scenario[] = [
  overload({
    name: 'overload-bounded',
    title: 'servers that refuse when 50 wait',
    server: { queueLimit: 50 },
    restMs: 12_000,
  }),
  overload({
    name: 'overload-unbounded',
    title: 'endless queues, abandoned requests worked off',
    restMs: 42_000,
  }),
  overload({
    name: 'overload-adaptive-limit',
    title: 'endless queues, abandoned requests worked off, clients with `limits.adaptive`',
    options: { limits: { adaptive: {} } },
    restMs: 12_000,
  }),
];

export const SCENARIOS: readonly Scenario[] = [
  ...STEADY,
  UNEQUAL,
  ...ONE_OF_TWENTY,
  ...DEPLOYS,
  ZONE_OUTAGE,
  CAPACITY_LOSS,
  LARGE,
  MASS_RESTART,
  ...OVERLOADS,
];

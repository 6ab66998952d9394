/** What a simulated world consists of, and what is asked of the default policy in it. */

import type { ServiceOptions } from '../../src/client/options.js';
import type { Shape } from './distributions.js';
import type { ServerSpec } from './server.js';
import type { World } from './world.js';

export interface Scenario {
  /** In file names and on the command line. */
  readonly name: string;
  readonly title: string;
  readonly clients: number;
  readonly servers: readonly ServerSpec[];
  /** Where each client runs, by turns. @default nowhere in particular */
  readonly clientZones?: readonly string[];
  /** Of what all servers can do. */
  readonly load: number;
  /** A request's work, on average, for a worker of speed 1. */
  readonly workMs: number;
  readonly shape: Shape;
  /** One way between a client and a server; between zones three times as long. */
  readonly networkMs: number;
  /** Before anything is measured. */
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** Options of the service besides `balancer`; the oracle's clients do without those that limit whom it sees. */
  readonly options?: Partial<ServiceOptions>;
  /** Sets up what happens over time; milliseconds count from the beginning of what is measured. */
  readonly script?: (world: World) => void;
  /** When something happens that has to be overcome. */
  readonly trouble?: Trouble;
  readonly targets: Targets;
  /** What stands for it where there are seconds only. @default itself, with fewer clients and servers and for less time */
  readonly inShort?: Scenario;
}

export interface Trouble {
  readonly fromMs: number;
  readonly toMs: number;
  /** Recovery is counted from its beginning (the fault stays, clients get round it) or from its end (load goes back). */
  readonly recoveryFrom: 'beginning' | 'end';
}

/** For the default policy, by each seed. */
export interface Targets {
  /** p99 over the oracle's. */
  readonly p99Ratio?: number;
  /** Calls that failed, of all. */
  readonly errorRatio?: number;
  /** Attempts per call. */
  readonly amplification?: number;
  readonly recoveryMs?: number;
  /** Successes per second while trouble lasts, of what the servers can do. */
  readonly goodputRatio?: number;
  /** The busiest server's arrivals over the mean's, in the second after the trouble began. */
  readonly herd?: number;
}

export const POLICIES = ['oracle', 'random', 'round-robin', 'p2c', 'peak-ewma', 'adaptive'] as const;
export type PolicyName = (typeof POLICIES)[number];

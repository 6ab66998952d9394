/** What can be said about each balancing policy. */

import type {
  BalancerName,
  BalancerOptions,
  MaglevOptions,
  PeakEwmaOptions,
  PlainPolicyOptions,
  RendezvousOptions,
  RingHashOptions,
  WeightedRoundRobinOptions,
} from '../data/policy-options.js';
import { boolean, durationMs, number, oneOf, string, type Schema } from '../kit/option-schema.js';
import { arrayOf, object, offOr, required, tagged } from '../kit/option-structures.js';

const plain: Schema<PlainPolicyOptions> = object<PlainPolicyOptions>({
  policy: required(oneOf(['adaptive', 'p2c', 'least-request', 'round-robin', 'random'])),
});

const peakEwma: Schema<PeakEwmaOptions> = object<PeakEwmaOptions>({
  policy: required(oneOf(['peak-ewma'])),
  tauMs: durationMs(1, 3_600_000),
  initialLatencyMs: durationMs(0, 60_000),
  failurePenaltyMs: durationMs(0, 300_000),
});

const weightedRoundRobin: Schema<WeightedRoundRobinOptions> = object<WeightedRoundRobinOptions>({
  policy: required(oneOf(['weighted-round-robin'])),
  loadReports: boolean(),
  blackoutMs: durationMs(0, 3_600_000),
  expirationMs: durationMs(1, 86_400_000),
  updateMs: durationMs(100, 3_600_000),
  errorPenalty: number({ min: 0, max: 1_000 }),
  utilizationMetrics: arrayOf(string()),
});

const hashHeader: Schema<string> = string({
  expected: 'the name of a header',
  accepts: (name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name),
});
const boundedLoad: Schema<number | false> = offOr(number({ min: 1, max: 100 }));

const ringHash: Schema<RingHashOptions> = object<RingHashOptions>({
  policy: required(oneOf(['ring-hash'])),
  hashHeader,
  boundedLoad,
  minRingSize: number({ min: 1, max: 8_388_608, integer: true }),
  maxRingSize: number({ min: 1, max: 8_388_608, integer: true }),
});

const maglev: Schema<MaglevOptions> = object<MaglevOptions>({
  policy: required(oneOf(['maglev'])),
  hashHeader,
  boundedLoad,
  tableSize: number({ min: 3, max: 5_000_011, integer: true }),
});

const rendezvous: Schema<RendezvousOptions> = object<RendezvousOptions>({
  policy: required(oneOf(['rendezvous'])),
  hashHeader,
  boundedLoad,
});

const variants: Readonly<Record<BalancerName, Schema<BalancerOptions>>> = {
  adaptive: plain,
  p2c: plain,
  'least-request': plain,
  'peak-ewma': peakEwma,
  'round-robin': plain,
  'weighted-round-robin': weightedRoundRobin,
  random: plain,
  'ring-hash': ringHash,
  maglev,
  rendezvous,
};

export const balancer: Schema<BalancerOptions> = tagged('policy', variants);

export const balancerName: Schema<BalancerName> = oneOf([
  'adaptive',
  'p2c',
  'least-request',
  'peak-ewma',
  'round-robin',
  'weighted-round-robin',
  'random',
  'ring-hash',
  'maglev',
  'rendezvous',
]);

/** What can be said about each balancing policy. */

import type { BalancerName, BalancerOptions, PeakEwmaOptions, PlainPolicyOptions } from '../data/policy-options.js';
import { durationMs, oneOf, type Schema } from '../kit/option-schema.js';
import { object, required, tagged } from '../kit/option-structures.js';

const plain: Schema<PlainPolicyOptions> = object<PlainPolicyOptions>({
  policy: required(oneOf(['adaptive', 'p2c', 'least-request', 'round-robin', 'random'])),
});

const peakEwma: Schema<PeakEwmaOptions> = object<PeakEwmaOptions>({
  policy: required(oneOf(['peak-ewma'])),
  tauMs: durationMs(1, 3_600_000),
  initialLatencyMs: durationMs(0, 60_000),
  failurePenaltyMs: durationMs(0, 300_000),
});

const variants: Readonly<Record<BalancerName, Schema<BalancerOptions>>> = {
  adaptive: plain,
  p2c: plain,
  'least-request': plain,
  'peak-ewma': peakEwma,
  'round-robin': plain,
  random: plain,
};

export const balancer: Schema<BalancerOptions> = tagged('policy', variants);

export const balancerName: Schema<BalancerName> = oneOf([
  'adaptive',
  'p2c',
  'least-request',
  'peak-ewma',
  'round-robin',
  'random',
]);

/** The balancing policies that have a name. */

import type { BalancerSetting } from '../balancer-settings.js';
import type { PickerFactory } from '../picker.js';
import type { Policy } from '../policy.js';
import type { BalancerName, BalancerOptions } from '../policy-options.js';
import { createAdaptivePicker } from './adaptive.js';
import { createMaglevPolicy, createRendezvousPolicy, createRingHashPolicy } from './hash/policies.js';
import { createLeastRequestPicker } from './least-request.js';
import { createP2cPicker } from './p2c.js';
import { createPeakEwmaPolicy } from './peak-ewma.js';
import { createRandomPicker } from './random.js';
import { createRoundRobinPicker } from './round-robin.js';
import { createWeightedRoundRobinPolicy } from './weighted/weighted-round-robin.js';

type Policies = {
  readonly [Name in BalancerName]: (options: Extract<BalancerOptions, { readonly policy: Name }> | undefined) => Policy;
};

const POLICIES: Policies = {
  adaptive: () => ({ createPicker: createAdaptivePicker }),
  p2c: of(createP2cPicker),
  'least-request': of(createLeastRequestPicker),
  'peak-ewma': createPeakEwmaPolicy,
  'round-robin': of(createRoundRobinPicker),
  'weighted-round-robin': createWeightedRoundRobinPolicy,
  random: of(createRandomPicker),
  'ring-hash': createRingHashPolicy,
  maglev: createMaglevPolicy,
  rendezvous: createRendezvousPolicy,
};

export const BALANCER_NAMES: readonly BalancerName[] = Object.keys(POLICIES) as BalancerName[];

/** One for each service: a policy may learn. */
export function createPolicy(setting: BalancerSetting): Policy {
  if (typeof setting === 'function') return { createPicker: (input) => setting(input) };
  if (typeof setting === 'string') return POLICIES[setting](undefined);
  return (POLICIES[setting.policy] as (options: BalancerOptions) => Policy)(setting);
}

const BY_KEY: ReadonlySet<BalancerName> = new Set(['ring-hash', 'maglev', 'rendezvous']);

/** Whether the key of a call decides who gets it, where it has one. */
export function goesByKey(setting: BalancerSetting): boolean {
  if (typeof setting === 'function') return false;
  return BY_KEY.has(typeof setting === 'string' ? setting : setting.policy);
}

/** A policy that learns nothing of its own. */
function of(createPicker: PickerFactory): () => Policy {
  return () => ({ createPicker: (input) => createPicker(input) });
}

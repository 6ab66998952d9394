/** The three policies by hash, with their defaults. */

import type { Policy } from '../../policy.js';
import {
  MAGLEV_DEFAULTS,
  RENDEZVOUS_DEFAULTS,
  RING_HASH_DEFAULTS,
  type MaglevOptions,
  type RendezvousOptions,
  type RingHashOptions,
} from '../../policy-options.js';
import { createHashPicker, type BuildLocator } from './hash-picker.js';
import { HashRing } from './hash-ring.js';
import { HighestScore } from './highest-score.js';
import { MaglevTable } from './maglev-table.js';

export function createRingHashPolicy(options?: RingHashOptions): Policy {
  const { minRingSize, maxRingSize, boundedLoad } = { ...RING_HASH_DEFAULTS, ...options };
  return policyOf(
    (members, predecessor) => new HashRing(members, { minRingSize, maxRingSize }, predecessor),
    boundedLoad,
  );
}

export function createMaglevPolicy(options?: MaglevOptions): Policy {
  const { tableSize, boundedLoad } = { ...MAGLEV_DEFAULTS, ...options };
  return policyOf((members, predecessor) => new MaglevTable(members, tableSize, predecessor), boundedLoad);
}

export function createRendezvousPolicy(options?: RendezvousOptions): Policy {
  const { boundedLoad } = { ...RENDEZVOUS_DEFAULTS, ...options };
  return policyOf((members, predecessor) => new HighestScore(members, predecessor), boundedLoad);
}

function policyOf(build: BuildLocator, boundedLoad: number | false): Policy {
  return { createPicker: (input) => createHashPicker(input, build, boundedLoad) };
}

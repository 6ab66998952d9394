/** Makes the groups of a new eligible set from those of the last one, so that what pickers carry over is carried over. */

import type { Clock } from '../core/clock.js';
import type { EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import type { Random } from '../core/random.js';
import { GroupChoice } from './group-choice.js';
import type { LoadTable } from './load-table.js';
import { PickGroup, type GroupStanding } from './pick-group.js';
import type { Picker } from './picker.js';
import type { Policy } from './policy.js';
import { SlotLoads } from './slot-loads.js';
import { warmed } from './warmed.js';
import { withoutZeroWeights } from './zero-weights.js';

export interface GroupsInput {
  readonly table: LoadTable;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
  readonly acquireSlot: (id: string) => number;
}

/** The group of a set that is not divided. */
const WHOLE = { key: '', rank: 0, share: 1 };

export function buildGroups(set: EligibleSet, before: GroupChoice, input: GroupsInput): GroupChoice {
  const { endpoints, groups } = set;
  if (groups !== undefined)
    return new GroupChoice(
      groups.map((group) => build(group, group.endpoints, set, before, input)),
      input.random,
    );
  return new GroupChoice(endpoints.length === 0 ? [] : [build(WHOLE, endpoints, set, before, input)], input.random);
}

function build(
  standing: GroupStanding,
  all: readonly Endpoint[],
  { warming }: EligibleSet,
  before: GroupChoice,
  { table, policy, clock, random, acquireSlot }: GroupsInput,
): PickGroup {
  const endpoints = withoutZeroWeights(all);
  const slots = new Int32Array(endpoints.length);
  // Not Int32Array.from, which walks an iterator.
  for (let index = 0; index < slots.length; index++) slots[index] = acquireSlot((endpoints[index] as Endpoint).id);
  const loads = new SlotLoads(table, slots);
  loads.nowMs = clock.now();
  const seen = warmed(endpoints, warming);
  const make = (previous: Picker | undefined): Picker =>
    policy.createPicker({ endpoints: seen, loads, clock, random, previous }, slots, table);
  return new PickGroup(standing, endpoints, loads, make, predecessor(standing.key, before)?.legacy);
}

/** The group of the same key; else the one that all calls went to, of which this may be a part or the whole. */
function predecessor(key: string, { groups, main }: GroupChoice): PickGroup | undefined {
  return groups.find((group) => group.key === key) ?? main ?? groups[0];
}

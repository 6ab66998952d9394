/**
 * Which group of endpoints an attempt goes to, where there are several.
 *
 * A call's first attempt is drawn by the groups' shares. Under a policy by hash the key decides instead of chance, so that a key stays in
 * its priority as long as shares do not change.
 *
 * An attempt that follows another of its call goes by preference where none has been, among the groups of the same rank: what fails in
 * one zone often fails in all of it. When everybody there was tried, it goes to the groups behind, in order.
 */

import type { Random } from '../core/random.js';
import { xxhash64 } from '../kit/xxhash64.js';
import type { PickGroup } from './pick-group.js';

/** Where a call's tried endpoints are. */
export interface Whereabouts {
  /** Index of the group that an endpoint is in, or was in before it could not be picked any more; -1 for none. */
  lastGroupOf(id: string): number;
  /** Whether it is there still. */
  isInGroup(id: string): boolean;
}

export class GroupChoice {
  /** In order of rank. */
  readonly groups: readonly PickGroup[];
  /** The only one with a share, which needs no draw; undefined when there are several. */
  readonly main: PickGroup | undefined;
  /** Endpoints in groups with a share. */
  readonly size: number;
  private readonly random: Random;
  /** How many of a call's attempts went to each group. Written anew for each retry, as is `tried`. */
  private readonly visits: Int32Array;
  /** How many of a call's tried endpoints are in each group now. */
  private readonly tried: Int32Array;

  constructor(groups: readonly PickGroup[], random: Random) {
    const shared = groups.filter(({ share }) => share > 0);
    this.groups = groups;
    this.main = shared.length === 1 ? shared[0] : undefined;
    this.size = shared.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
    this.random = random;
    this.visits = new Int32Array(groups.length);
    this.tried = new Int32Array(groups.length);
  }

  /** By shares. @param key of the call, where it is to decide; @returns undefined when there is no group */
  draw(key: string | undefined): PickGroup | undefined {
    // The lower half of the hash: a ring goes by the upper one, and whoever got a priority by it would get only a part of its ring.
    let left = key === undefined ? this.random.next() : xxhash64(key).low / TWO_TO_THE_32;
    let last: PickGroup | undefined;
    for (const group of this.groups) {
      if (group.share === 0) continue;
      last = group;
      left -= group.share;
      if (left < 0) break;
    }
    return last;
  }

  /** Where a call goes that has tried endpoints, did it draw `drawn`. */
  elsewhere(drawn: PickGroup, triedIds: ReadonlySet<string>, whereabouts: Whereabouts): PickGroup {
    const { groups, visits, tried } = this;
    visits.fill(0);
    tried.fill(0);
    for (const id of triedIds) {
      const index = whereabouts.lastGroupOf(id);
      if (index < 0) continue;
      visits[index] = (visits[index] as number) + 1;
      if (whereabouts.isInGroup(id)) tried[index] = (tried[index] as number) + 1;
    }
    const drawnAt = groups.indexOf(drawn);
    if (visits[drawnAt] === 0) return drawn;
    const beside = this.among(drawn.rank, true);
    if (beside !== undefined) return beside;
    if (this.hasUntried(drawnAt)) return drawn;
    const alsoBeside = this.among(drawn.rank, false);
    if (alsoBeside !== undefined) return alsoBeside;
    for (let index = 0, rank = -1; index < groups.length; index++) {
      const group = groups[index] as PickGroup;
      if (group.rank === rank) continue;
      rank = group.rank;
      const other = this.among(rank, false);
      if (other !== undefined) return other;
    }
    return drawn;
  }

  /** One of this rank by number of endpoints: one where no attempt has been, or one where somebody is untried. */
  private among(rank: number, fresh: boolean): PickGroup | undefined {
    const { groups, visits } = this;
    let sum = 0;
    let chosen: PickGroup | undefined;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index] as PickGroup;
      if (group.rank !== rank || (fresh ? visits[index] !== 0 : !this.hasUntried(index))) continue;
      sum += group.endpoints.length;
      if (this.random.next() * sum < group.endpoints.length) chosen = group;
    }
    return chosen;
  }

  private hasUntried(index: number): boolean {
    return (this.tried[index] as number) < (this.groups[index] as PickGroup).endpoints.length;
  }
}

const TWO_TO_THE_32 = 4_294_967_296;

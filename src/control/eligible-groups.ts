/**
 * Divides who may be picked into the groups among which calls are spread: one for each priority that gets calls, or for each zone of
 * it where zones count. Behind them stand the reserves, with no share: healthy endpoints to which nothing is sent but
 * attempts of calls that have tried everybody else. RFC 2782 asks for that: a client goes on to the next priority when it cannot
 * reach anybody of this one, and need not have been told so by health first.
 */

import type { EligibleGroup } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import { levelOf, zoneShareOf, type EligibilityFacts } from './eligibility-facts.js';

export interface GroupBuilder {
  /** Takes one that may be picked, or one in reserve. */
  add(endpoint: Endpoint): void;
  /** Undefined when all are in one. */
  groups(): readonly EligibleGroup[] | undefined;
}

interface Draft {
  readonly key: string;
  readonly rank: number;
  readonly zone: string | undefined;
  readonly share: number;
  readonly endpoints: Endpoint[];
}

export function createGroupBuilder(facts: EligibilityFacts): GroupBuilder {
  const drafts = new Map<string, Draft>();
  return {
    add(endpoint) {
      const level = levelOf(endpoint, facts);
      if (level === undefined) return;
      const zoneShare = zoneShareOf(endpoint, level, facts);
      const key = zoneShare === undefined ? `${level.rank}` : `${level.rank}/${endpoint.zone ?? ''}`;
      let draft = drafts.get(key);
      if (draft === undefined) {
        const zone = zoneShare === undefined ? undefined : endpoint.zone;
        draft = { key, rank: level.rank, zone, share: (level.load / 100) * (zoneShare ?? 1), endpoints: [] };
        drafts.set(key, draft);
      }
      draft.endpoints.push(endpoint);
    },
    groups() {
      if (drafts.size < 2) return undefined;
      const inOrder = [...drafts.values()].sort((a, b) => a.rank - b.rank);
      for (const draft of inOrder) Object.freeze(draft.endpoints);
      return Object.freeze(inOrder.map((draft) => Object.freeze(draft)));
    },
  };
}

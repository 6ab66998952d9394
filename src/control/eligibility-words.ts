/** The decisions on endpoints in words, for whoever asks why one gets traffic or gets none. */

import type { Endpoint } from '../core/endpoint.js';
import type { EligibilityFacts, IneligibleReason } from './eligibility-facts.js';
import type { EjectionState } from './health/ejection-state.js';

export function eligibleWords(endpoint: Endpoint, facts: EligibilityFacts): string {
  if (!facts.panic || facts.level === undefined) return 'in use';
  const { healthy, total } = facts.level;
  const own = stateWords(facts.ejection?.state(endpoint.id), facts.now);
  return `in use, as everybody is, because only ${healthy} of ${total} are healthy (panic)${own === '' ? '' : `; otherwise ${own}`}`;
}

export function ineligibleWords(reason: IneligibleReason, endpoint: Endpoint, facts: EligibilityFacts): string {
  switch (reason) {
    case 'refused':
      return `refused by the address policy: ${facts.refusedReasons?.get(endpoint.id) ?? 'no reason given'}`;
    case 'draining':
      return 'draining: discovery no longer names it, and what is in flight there may end';
    case 'outside-subset':
      return `outside of this client's subset: it uses ${facts.levels.get(endpoint.priority)?.total ?? 0} others of priority ${endpoint.priority}, and other clients use this one`;
    case 'zero-weight':
      return 'its weight is 0 while others of its priority have one';
    case 'lower-priority':
      return `standing by: its priority is ${endpoint.priority}, and priority ${facts.level?.priority ?? 0} is in use`;
    case 'unhealthy-priority': {
      const own = facts.levels.get(endpoint.priority);
      return (
        `healthy, but only ${own?.healthy ?? 0} of ${own?.total ?? 0} of its priority ${endpoint.priority} are; ` +
        `priority ${facts.level?.priority ?? 0} is in use instead`
      );
    }
    case 'ejected':
    case 'probing':
      return stateWords(facts.ejection?.state(endpoint.id), facts.now);
  }
}

function stateWords(state: EjectionState | undefined, nowMs: number): string {
  if (state?.kind === 'ejected') {
    const leftMs = Math.max(0, Math.round(state.untilMs - nowMs));
    return `ejected for ${leftMs} ms more (${state.reason}: ${state.detail}; sentence ${state.times})`;
  }
  if (state?.kind !== 'probing') return '';
  const forMs = Math.max(0, Math.round(nowMs - state.sinceMs));
  return `ejected until ${forMs} ms ago, ${state.inFlight ? 'one probe is under way' : 'waiting for one call to probe it'}`;
}

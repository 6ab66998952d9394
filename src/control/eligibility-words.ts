/** The decisions on endpoints in words, for whoever asks why one gets traffic or gets none. */

import type { Endpoint } from '../core/endpoint.js';
import { levelOf, zoneShareOf, type EligibilityFacts, type IneligibleReason } from './eligibility-facts.js';
import type { Leaving } from './drain/drain-watch.js';
import type { HealthState } from './health/ejection-state.js';
import type { PriorityLevel } from './priority-level.js';

export function eligibleWords(endpoint: Endpoint, facts: EligibilityFacts): string {
  const level = levelOf(endpoint, facts);
  if (level === undefined) return 'in use';
  const divided = shareWords(endpoint, level, facts) + warmingWords(facts.warming?.get(endpoint.id));
  if (!level.panic) return `in use${divided}`;
  const { healthy, total } = level;
  const own = stateWords(facts.ejection?.state(endpoint.id), facts.now);
  return `in use${divided}, as everybody is, because only ${healthy} of ${total} are healthy (panic)${own === '' ? '' : `; otherwise ${own}`}`;
}

export function ineligibleWords(reason: IneligibleReason, endpoint: Endpoint, facts: EligibilityFacts): string {
  switch (reason) {
    case 'refused':
      return `refused by the address policy: ${facts.refusedReasons?.get(endpoint.id) ?? 'no reason given'}`;
    case 'draining':
      return drainingWords(facts.leaving?.get(endpoint.id), facts.now);
    case 'outside-subset':
      return `outside of this client's subset: it uses ${usedOfPriority(endpoint, facts)} others of priority ${endpoint.priority}, and other clients use this one`;
    case 'zero-weight':
      return 'its weight is 0 while others of its priority have one';
    case 'lower-priority':
      return `standing by: its priority is ${endpoint.priority}, and ${inUseWords(facts)}`;
    case 'other-region':
      return `standing by: it is in another region, ${quoted(endpoint.region)}, and ${inUseWords(facts)}`;
    case 'other-zone':
      return `standing by: it is in zone ${quoted(endpoint.zone)}, and ${zonesWords(endpoint, facts)}`;
    case 'unhealthy-priority': {
      const own = levelOf(endpoint, facts);
      return `healthy, but only ${own?.healthy ?? 0} of ${own?.total ?? 0} of its priority ${endpoint.priority} are; ${inUseWords(facts)} instead`;
    }
    case 'ejected':
    case 'probing':
    case 'unhealthy':
      return stateWords(facts.ejection?.state(endpoint.id), facts.now);
  }
}

/** What part of the calls goes to its priority and its zone, where it is not all of them. */
function shareWords(endpoint: Endpoint, level: PriorityLevel, facts: EligibilityFacts): string {
  const zoneShare = zoneShareOf(endpoint, level, facts);
  const parts: string[] = [];
  if (level.load < 100) parts.push(`${nameOf(level)} gets ${level.load} % of the calls`);
  if (zoneShare !== undefined && zoneShare < 1)
    parts.push(
      `zone ${quoted(endpoint.zone)} gets ${percent(zoneShare)}${level.load < 100 ? ' of these' : ' of the calls'}`,
    );
  return parts.length === 0 ? '' : `: ${parts.join(', and ')}`;
}

function warmingWords(factor: number | undefined): string {
  return factor === undefined ? '' : `, warming up at ${percent(factor)} of its weight`;
}

function inUseWords({ inUse }: EligibilityFacts): string {
  const names = inUse.map(nameOf);
  const last = names.pop() ?? 'nobody';
  return names.length === 0 ? `${last} is in use` : `${names.join(', ')} and ${last} are in use`;
}

function zonesWords(endpoint: Endpoint, facts: EligibilityFacts): string {
  const level = levelOf(endpoint, facts);
  const shares = level === undefined ? undefined : facts.zones.get(level.rank);
  const used = [...(shares ?? [])].filter(([, share]) => share > 0);
  return used.map(([zone, share]) => `zone ${quoted(zone)} gets ${percent(share)}`).join(', ') + ' of the calls';
}

function nameOf({ priority, far }: PriorityLevel): string {
  return `priority ${priority}${far ? ' in other regions' : ''}`;
}

function usedOfPriority({ priority }: Endpoint, { levels }: EligibilityFacts): number {
  return [...levels.values()].reduce((sum, level) => (level.priority === priority ? sum + level.total : sum), 0);
}

function quoted(name: string | undefined): string {
  return name === undefined ? 'of no name' : `'${name}'`;
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function drainingWords(leaving: Leaving | undefined, nowMs: number): string {
  if (leaving === undefined) return 'draining: discovery no longer names it, and what is in flight there may end';
  const leftMs = Math.max(0, Math.round(leaving.untilMs - nowMs));
  return `draining for ${leftMs} ms more, because it is leaving: ${leaving.detail}`;
}

function stateWords(state: HealthState | undefined, nowMs: number): string {
  if (state?.kind === 'unhealthy')
    return `unhealthy for ${Math.max(0, Math.round(nowMs - state.sinceMs))} ms: ${state.detail}`;
  if (state?.kind === 'ejected') {
    const leftMs = Math.max(0, Math.round(state.untilMs - nowMs));
    return `ejected for ${leftMs} ms more (${state.reason}: ${state.detail}; sentence ${state.times})`;
  }
  if (state?.kind !== 'probing') return '';
  const forMs = Math.max(0, Math.round(nowMs - state.sinceMs));
  return `ejected until ${forMs} ms ago, ${state.inFlight ? 'one probe is under way' : 'waiting for one call to probe it'}`;
}

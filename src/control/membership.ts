/**
 * Who belongs to a service: the last full set, kept by endpoint id so that everything learned about an endpoint survives
 * a refresh, and told as differences so that only what changed is touched.
 *
 * Removal is not death. An endpoint that discovery no longer names gets nothing new, but what is in flight there may
 * end: it is `draining` until {@link Membership.drained}. Named again before that, it is simply back.
 *
 * The address policy is asked here once per address. What it refuses is not usable, but it is remembered with the reason
 * for whoever asks why that endpoint gets no traffic.
 */

import type { Endpoint } from '../core/endpoint.js';
import { sameEndpoint } from '../core/same-endpoint.js';

/** What membership needs of an address policy: a reason to refuse the address, or undefined. Its answers must not change. */
export interface AddressGate {
  refuse(host: string, port: number | undefined): string | undefined;
}

export interface MembershipChange {
  /** Usable now, not before; among them those that were draining. */
  readonly added: readonly Endpoint[];
  /** No longer usable; draining now. */
  readonly removed: readonly Endpoint[];
  /** Usable before and now, but another field than the id differs. The new form. */
  readonly updated: readonly Endpoint[];
  /** Refused now, and not before or for another reason. */
  readonly refused: readonly { readonly endpoint: Endpoint; readonly reason: string }[];
  /** Whether any of these holds. A set in another order is no change. */
  readonly changed: boolean;
}

export interface Membership {
  /** Takes the full set. Of endpoints with the same id the first counts. */
  apply(endpoints: readonly Endpoint[]): MembershipChange;
  /** The usable ones. The same array until a set changes it. */
  readonly endpoints: readonly Endpoint[];
  /** All that discovery names, the refused ones too. */
  readonly known: readonly Endpoint[];
  /** Id → reason, of those in `known` that are refused. */
  readonly refusedReasons: ReadonlyMap<string, string>;
  /** Id → last form, of those that are waited for. */
  readonly draining: ReadonlyMap<string, Endpoint>;
  /** Nothing is in flight there any more: an endpoint that drains is forgotten, and true is returned. */
  drained(id: string): boolean;
}

interface Entry {
  endpoint: Endpoint;
  refusal: string | undefined;
  /** Number of the last set that named it. */
  seenIn: number;
}

const NOBODY: readonly Endpoint[] = Object.freeze([]);

export function createMembership(options: { readonly policy: AddressGate }): Membership {
  const { policy } = options;
  const entries = new Map<string, Entry>();
  const draining = new Map<string, Endpoint>();
  let setNumber = 0;
  let usable = NOBODY;
  let known = NOBODY;
  let refusedReasons: ReadonlyMap<string, string> = new Map();

  function refusalOf(endpoint: Endpoint, before: Entry | undefined): string | undefined {
    const isSameAddress = before?.endpoint.host === endpoint.host && before.endpoint.port === endpoint.port;
    return isSameAddress ? before.refusal : policy.refuse(endpoint.host, endpoint.port);
  }

  return {
    apply(endpoints) {
      const added: Endpoint[] = [];
      const removed: Endpoint[] = [];
      const updated: Endpoint[] = [];
      const refused: { endpoint: Endpoint; reason: string }[] = [];
      let named = 0;
      let differs = false;
      setNumber++;

      for (const endpoint of endpoints) {
        const before = entries.get(endpoint.id);
        if (before?.seenIn === setNumber) continue;
        named++;
        if (before !== undefined) {
          before.seenIn = setNumber;
          if (sameEndpoint(before.endpoint, endpoint)) continue;
        }
        differs = true;
        const refusal = refusalOf(endpoint, before);
        const wasUsable = before !== undefined && before.refusal === undefined;
        if (refusal !== undefined) {
          if (before?.refusal !== refusal) refused.push({ endpoint, reason: refusal });
          if (wasUsable) removed.push(before.endpoint);
        } else if (wasUsable) {
          updated.push(endpoint);
        } else {
          added.push(endpoint);
          draining.delete(endpoint.id);
        }
        if (before === undefined) entries.set(endpoint.id, { endpoint, refusal, seenIn: setNumber });
        else {
          before.endpoint = endpoint;
          before.refusal = refusal;
        }
      }

      if (named < entries.size) {
        differs = true;
        for (const { endpoint, refusal, seenIn } of entries.values()) {
          if (seenIn === setNumber) continue;
          entries.delete(endpoint.id);
          if (refusal === undefined) removed.push(endpoint);
        }
      }
      for (const endpoint of removed) draining.set(endpoint.id, endpoint);
      if (differs) ({ known, usable, refusedReasons } = viewsOf(entries));
      const changed = added.length + removed.length + updated.length + refused.length > 0;
      return { added, removed, updated, refused, changed };
    },
    get endpoints() {
      return usable;
    },
    get known() {
      return known;
    },
    get refusedReasons() {
      return refusedReasons;
    },
    draining,
    drained: (id) => draining.delete(id),
  };
}

function viewsOf(entries: ReadonlyMap<string, Entry>): {
  known: readonly Endpoint[];
  usable: readonly Endpoint[];
  refusedReasons: ReadonlyMap<string, string>;
} {
  const known: Endpoint[] = [];
  const refusedReasons = new Map<string, string>();
  for (const { endpoint, refusal } of entries.values()) {
    known.push(endpoint);
    if (refusal !== undefined) refusedReasons.set(endpoint.id, refusal);
  }
  const usable = refusedReasons.size === 0 ? known : known.filter(({ id }) => !refusedReasons.has(id));
  return { known: Object.freeze(known), usable: Object.freeze(usable), refusedReasons };
}

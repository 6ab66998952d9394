/**
 * Addresses that were found before, for when a part of a question fails: one family, or one of several SRV targets. The
 * feed above serves the last good list while *nothing* can be asked; but it would take an answer that lacks a part for
 * the whole truth, and a name server's hiccup would take healthy endpoints out of use.
 */

import type { Clock } from '../../../core/clock.js';
import type { FoundAddress } from './found-endpoint.js';

/** As long as the feed serves what is stale by default (RFC 8767 §5: one to three days). */
const KEEP_MS = 86_400_000;

/** Targets come and go; what was asked about longest ago goes first. */
const MAX_NAMES = 4_096;

export interface LastKnown {
  remember(question: string, addresses: readonly FoundAddress[]): void;
  /** Empty when nothing is known, or it is too old. */
  recall(question: string): readonly FoundAddress[];
}

export function createLastKnown(clock: Clock): LastKnown {
  const known = new Map<string, { readonly addresses: readonly FoundAddress[]; readonly atMs: number }>();
  return {
    remember(question, addresses) {
      // To the end of the order in which a map is walked.
      known.delete(question);
      if (addresses.length === 0) return;
      known.set(question, { addresses, atMs: clock.now() });
      if (known.size > MAX_NAMES) known.delete(known.keys().next().value as string);
    },
    recall(question) {
      const entry = known.get(question);
      return entry === undefined || clock.now() - entry.atMs > KEEP_MS ? [] : entry.addresses;
    },
  };
}

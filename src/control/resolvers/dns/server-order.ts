/**
 * In which order servers are asked. A server that is down costs a timeout, and without a memory it would cost one for
 * every question; so who was silent goes to the end for a while, and gets its place back when the while is over or
 * when it answers.
 */

import type { Clock } from '../../../core/clock.js';
import type { NameServer } from './name-server.js';

/** Long enough to save most timeouts, short enough to notice that the nearest server is back (c-ares retries after 5 s, Unbound doubts for minutes). */
const DOUBT_MS = 30_000;

export interface ServerOrder {
  /** Who is not in doubt first, in the given order, or from the next one each time. */
  next(servers: readonly NameServer[], rotate: boolean, clock: Clock): NameServer[];
  /** It said nothing, or nothing that can be used. */
  silent(server: NameServer, clock: Clock): void;
  answered(server: NameServer): void;
}

export function createServerOrder(): ServerOrder {
  /** Clock times, by label. Bounded by how many servers there are, or ever were in /etc/resolv.conf. */
  const silentAtMs = new Map<string, number>();
  let turn = 0;
  return {
    next(servers, rotate, clock) {
      const start = rotate ? turn++ % servers.length : 0;
      const turned = [...servers.slice(start), ...servers.slice(0, start)];
      const nowMs = clock.now();
      const doubt = ({ label }: NameServer): number => {
        const atMs = silentAtMs.get(label);
        return atMs !== undefined && nowMs - atMs < DOUBT_MS ? atMs : -Infinity;
      };
      // Of several in doubt, the one that was silent longest ago. The sort is stable.
      return turned.sort((a, b) => (doubt(a) === doubt(b) ? 0 : doubt(a) - doubt(b)));
    },
    silent: ({ label }, clock) => void silentAtMs.set(label, clock.now()),
    answered: ({ label }) => void silentAtMs.delete(label),
  };
}

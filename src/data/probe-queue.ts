/**
 * Which waiting endpoint gets its probe next. A probe is a real call, so it goes by preference to one that can bear a
 * failure because it would be retried. When no such call comes, any call has to do: an endpoint must not stay out for
 * ever because all of a service's calls are POSTs.
 */

import type { Endpoint } from '../core/endpoint.js';

/** How long the endpoints wait for a call that can bear it. */
export const PROBE_PATIENCE_MS = 5_000;

/** Endpoints that one pick asks for: with hundreds of probes under way, a pick does not ask them all. */
const ASKED_PER_PICK = 8;

export class ProbeQueue {
  private readonly takeProbe: (id: string) => boolean;
  private probes: readonly Endpoint[] = [];
  private next = 0;
  /** Since when endpoints wait without one of them being taken. */
  private waitingSinceMs = 0;

  /** @param takeProbe claims the one probe of an endpoint; false when it is taken already */
  constructor(takeProbe: (id: string) => boolean) {
    this.takeProbe = takeProbe;
  }

  get length(): number {
    return this.probes.length;
  }

  update(probes: readonly Endpoint[], nowMs: number): void {
    if (this.probes.length === 0) this.waitingSinceMs = nowMs;
    this.probes = probes;
  }

  /**
   * An endpoint whose probe this call now is, or undefined.
   * @param willing the call can bear a failure, or there is nobody else to pick
   */
  take(willing: boolean, tried: ReadonlySet<string> | undefined, nowMs: number): Endpoint | undefined {
    if (!willing && nowMs - this.waitingSinceMs <= PROBE_PATIENCE_MS) return undefined;
    const count = this.probes.length;
    for (let asked = 0; asked < count && asked < ASKED_PER_PICK; asked++) {
      this.next = (this.next + 1) % count;
      const endpoint = this.probes[this.next] as Endpoint;
      if (tried?.has(endpoint.id) === true || !this.takeProbe(endpoint.id)) continue;
      this.waitingSinceMs = nowMs;
      return endpoint;
    }
    return undefined;
  }
}

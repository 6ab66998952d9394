/**
 * After how much idleness a connection may still carry a request that cannot be sent twice.
 *
 * A server closes idle connections after a time that it need not state. A request that is written in that moment fails,
 * and nobody can tell whether it was looked at: what may be repeated is repeated, but a POST would be lost. So a POST
 * gets an idle connection only within what this endpoint has been seen to bear, and a new one otherwise. Little is
 * lost by that: every idle connection that is found alive widens the bound, so that a few handshakes are paid in the
 * beginning, and none once a connection has been idle for as long as it ever will be.
 */

/** One that lived may have been lucky: the time that a server allows may be just a little longer, and vary. */
const WITNESSES = 3;

/** A server whose loop is busy acts late on what has arrived long ago. Milliseconds. */
const MARGIN_MS = 500;

export class IdleTrust {
  /** Milliseconds of idleness; up to this a connection is taken to be good. */
  limitMs = 0;
  /** The shortest idleness that made the server close. */
  private closedAfterMs = Infinity;
  private witnesses = 0;
  private lowestMs = Infinity;

  /** A connection was still there after this time. */
  survived(idleMs: number): void {
    if (idleMs <= this.limitMs) return;
    if (this.closedAfterMs !== Infinity) {
      if (idleMs <= 2 * this.closedAfterMs) return;
      // What closed that one was no rule: a restart, a server that was full.
      this.closedAfterMs = Infinity;
    }
    this.lowestMs = Math.min(this.lowestMs, idleMs);
    if (++this.witnesses < WITNESSES) return;
    this.limitMs = this.lowestMs;
    this.forget();
  }

  /** The server closed a connection after this time. */
  closed(idleMs: number): void {
    this.closedAfterMs = Math.min(this.closedAfterMs, idleMs);
    const bearableMs = Math.min(this.closedAfterMs / 2, this.closedAfterMs - MARGIN_MS);
    this.limitMs = Math.max(0, Math.min(this.limitMs, bearableMs));
    this.forget();
  }

  private forget(): void {
    this.witnesses = 0;
    this.lowestMs = Infinity;
  }
}

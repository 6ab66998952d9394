/**
 * Whether `Connection: close` means that a server is leaving, or only that one connection has had its share of requests
 * (nginx `keepalive_requests`, Node's `maxRequestsPerSocket`).
 *
 * Each closing answer ends one connection. So closing answers in a row, one more than there were connections, prove that
 * a connection was ended with its first answer: no bound on requests does that, and an endpoint that did keep
 * connections alive has changed its mind. Connections are as many as attempts were in flight at a time within the last
 * seconds; idle ones beyond that are closed by either side before long.
 */

/** However few connections there were: one more of chance than two. */
export const FEWEST_CLOSINGS = 3;

/** An idle connection lives so long; Node's servers and nginx's clients hold it 5 s and less. Milliseconds. */
const CONNECTIONS_LIVE_MS = 10_000;

export interface ClosingRow {
  /** An answer came while so many attempts were in flight, itself included. True: the endpoint is leaving. */
  note(closes: boolean, inFlight: number, nowMs: number): boolean;
  readonly length: number;
  /** Begins anew. An endpoint of which that is said twice without a kept connection between does not keep any, and is not asked again until it does. */
  restart(): void;
}

export function createClosingRow(): ClosingRow {
  let keptAlive = false;
  let keptSinceRestart = false;
  let length = 0;
  let peak = 0;
  let olderPeak = 0;
  let peakSinceMs = Number.NEGATIVE_INFINITY;

  return {
    note(closes, inFlight, nowMs) {
      if (nowMs - peakSinceMs >= CONNECTIONS_LIVE_MS) {
        olderPeak = nowMs - peakSinceMs < 2 * CONNECTIONS_LIVE_MS ? peak : 0;
        peak = 0;
        peakSinceMs = nowMs;
      }
      if (inFlight > peak) peak = inFlight;
      if (!closes) {
        keptAlive = true;
        keptSinceRestart = true;
        length = 0;
        return false;
      }
      if (!keptAlive) return false;
      length++;
      return length >= FEWEST_CLOSINGS && length > Math.max(peak, olderPeak);
    },
    get length() {
      return length;
    },
    restart() {
      keptAlive = keptSinceRestart;
      keptSinceRestart = false;
      length = 0;
    },
  };
}

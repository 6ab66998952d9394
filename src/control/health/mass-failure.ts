/**
 * When many fail at once, nobody is an outlier. A fleet pushed past its capacity, a bad deploy, a broken network at our
 * end: taking endpoints out then moves their load onto the rest and makes it worse. So ejection holds still while more
 * than half of the endpoints that had results within the window are failing, and lets the other means (failure-aware
 * picking, the retry budget, shedding) do their part.
 *
 * Asked at every failure of such a storm, so it must not scan: endpoints with results stand in a list in the order of
 * their last one, the oldest leave when the window has passed them, and the failing ones are counted along.
 */

/** A place in the list. One per endpoint, made once. */
export interface Peer {
  resultAtMs: number;
  failing: boolean;
  listed: boolean;
  older: Peer | undefined;
  newer: Peer | undefined;
}

export interface MassFailure {
  /** The endpoint had a result, and is failing by it or is not. */
  note(peer: Peer, failing: boolean, nowMs: number): void;
  /** The endpoint's results count no longer: it was ejected, cleared or removed. */
  forget(peer: Peer): void;
  isOn(nowMs: number): boolean;
}

/** One is never a mass: when only one endpoint has results at all, they say nothing about the others. */
const FEWEST_FAILING = 2;

export function createPeer(): Peer {
  return { resultAtMs: 0, failing: false, listed: false, older: undefined, newer: undefined };
}

export function createMassFailure(windowMs: number): MassFailure {
  let oldest: Peer | undefined;
  let newest: Peer | undefined;
  let listed = 0;
  let failing = 0;

  function unlink(peer: Peer): void {
    if (peer.older === undefined) oldest = peer.newer;
    else peer.older.newer = peer.newer;
    if (peer.newer === undefined) newest = peer.older;
    else peer.newer.older = peer.older;
    peer.older = undefined;
    peer.newer = undefined;
  }

  function append(peer: Peer): void {
    peer.older = newest;
    if (newest === undefined) oldest = peer;
    else newest.newer = peer;
    newest = peer;
  }

  function forget(peer: Peer): void {
    if (!peer.listed) return;
    unlink(peer);
    peer.listed = false;
    listed--;
    if (peer.failing) failing--;
    peer.failing = false;
  }

  return {
    note(peer, isFailing, nowMs) {
      if (peer !== newest) {
        if (peer.listed) unlink(peer);
        else listed++;
        append(peer);
        peer.listed = true;
      }
      if (peer.failing !== isFailing) failing += isFailing ? 1 : -1;
      peer.failing = isFailing;
      peer.resultAtMs = nowMs;
    },
    forget,
    isOn(nowMs) {
      while (oldest !== undefined && nowMs - oldest.resultAtMs >= windowMs) forget(oldest);
      return failing >= FEWEST_FAILING && failing * 2 > listed;
    },
  };
}

/**
 * Endpoints that say they are leaving: long before discovery hears of a deploy, the process that is to end tells those
 * who call it. From that answer on it gets no new requests; what is in flight there may end.
 *
 * It is word of the endpoint itself, so no rule bounds how many may leave at a time, but one: when nobody else is left
 * that is well, the word is not heeded, since one that is leaving still serves. It is back in use when discovery removes
 * it and names it again, or after a while: then it has stayed, or is a new process at the same address.
 */

import type { Clock } from '../../core/clock.js';
import type { DrainSign } from '../../core/events.js';
import { createClosingRow, type ClosingRow } from './closing-row.js';
import type { DrainSettings } from './drain-settings.js';

export interface Leaving {
  readonly sign: DrainSign;
  /** The sign in words. */
  readonly detail: string;
  /** Clock time until which it gets no new requests. */
  readonly untilMs: number;
}

export interface DrainWatch {
  /**
   * An answer of an endpoint.
   * @param closes it ends its connection, and we had not asked it to
   * @param header value of a response header by its lower-case name
   * @param nowMs clock time, where the caller has just read it
   */
  heard(
    id: string,
    status: number,
    closes: boolean,
    header: (name: string) => string | undefined,
    nowMs?: number,
  ): void;
  /** An endpoint asks for no more requests on any connection that it had (HTTP/2's GOAWAY), or is seen to take them again. */
  goneAway(id: string, leaves: boolean): void;
  /** Who is leaving, by id. The same map until that changes. */
  readonly leaving: ReadonlyMap<string, Leaving>;
  /** Discovery no longer names the endpoint: named again, it starts clean. Does not call `onChange`. */
  forget(id: string): void;
  close(): void;
}

export interface DrainWatchInput {
  readonly settings: DrainSettings;
  readonly clock: Clock;
  /** Attempts in flight to an endpoint. */
  readonly inFlightOf: (id: string) => number;
  readonly onLeaving: (id: string, leaving: Leaving) => void;
  readonly onStayed: (id: string, leaving: Leaving) => void;
  /** Eligibility must be judged again. */
  readonly onChange: () => void;
}

export function createDrainWatch(input: DrainWatchInput): DrainWatch {
  const { settings, clock } = input;
  const { connectionClose, holdMs } = settings;
  const signHeader = settings.header?.toLowerCase();
  const rows = new Map<string, ClosingRow>();
  const timers = new Map<string, Disposable>();
  let leaving: ReadonlyMap<string, Leaving> = new Map();

  function leave(id: string, sign: DrainSign, detail: string): void {
    const own: Leaving = Object.freeze({ sign, detail, untilMs: clock.now() + holdMs });
    leaving = new Map(leaving).set(id, own);
    timers.set(
      id,
      clock.setTimer(() => stay(id), holdMs),
    );
    input.onLeaving(id, own);
    input.onChange();
  }

  function stay(id: string): void {
    const own = leaving.get(id);
    if (own === undefined) return;
    drop(id);
    rows.get(id)?.restart();
    input.onStayed(id, own);
    input.onChange();
  }

  function drop(id: string): void {
    timers.get(id)?.[Symbol.dispose]();
    timers.delete(id);
    if (!leaving.has(id)) return;
    const others = new Map(leaving);
    others.delete(id);
    leaving = others;
  }

  function isClosing(id: string, status: number, closes: boolean, nowMs: number): boolean {
    // Errors end connections for reasons of their own, such as a body that was not read.
    if (!connectionClose || status >= 400) return false;
    let row = rows.get(id);
    if (row === undefined) rows.set(id, (row = createClosingRow()));
    return row.note(closes, input.inFlightOf(id), nowMs);
  }

  return {
    heard(id, status, closes, header, nowMs = clock.now()) {
      const closing = isClosing(id, status, closes, nowMs);
      if (leaving.has(id)) return;
      if (signHeader !== undefined) {
        const value = header(signHeader);
        if (value !== undefined && value !== 'false' && value !== '0')
          return leave(id, 'header', `it answered with '${signHeader}'`);
      }
      if (closing)
        leave(id, 'connection-close', `it ended its connection with each of its last ${rows.get(id)?.length} answers`);
    },
    goneAway(id, leaves) {
      if (!settings.goAway) return;
      if (!leaves && leaving.get(id)?.sign === 'goaway') stay(id);
      else if (leaves && !leaving.has(id)) leave(id, 'goaway', 'it sent GOAWAY, and has no other connection');
    },
    get leaving() {
      return leaving;
    },
    forget(id) {
      rows.delete(id);
      drop(id);
    },
    close() {
      for (const timer of timers.values()) timer[Symbol.dispose]();
      timers.clear();
      rows.clear();
    },
  };
}

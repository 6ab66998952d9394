/**
 * A breaker refuses calls while a service fails most of them, and finds out by a few probes whether it is back: closed,
 * open, half-open. It protects callers from waiting for failures and a service that is down from being called.
 *
 * It judges calls after their retries, not attempts: one bad endpoint is the business of outlier ejection, and must not
 * take the service away. It has no timers: whatever time changes is worked out when somebody asks.
 *
 * What it guarantees:
 * - Half-open lets through as many probes as configured, in all, however many callers ask at once. The probes are judged
 *   by the same thresholds as everybody, as soon as the rest of them cannot change the verdict any more.
 * - A call reports by the permit that let it in, and a permit is of one time: what began before a trip, before a manual
 *   order or before the end of a probing changes nothing after it.
 * - A probe that never ends counts as failed after `probeTimeoutMs`; one that says nothing (the caller gave up) gives its
 *   place to another. So no state waits for somebody who may never come.
 */

import type { BreakerStateName } from '../../core/events.js';
import type { Random } from '../../core/random.js';
import type { BreakerSettings } from './breaker-settings.js';
import { createCallWindow, type CallWindow } from './call-window.js';

/** What a call brings back when it ends. */
export interface BreakerPermit {
  readonly breaker: Breaker;
  /** It is one of the few that find out whether the service is back. */
  readonly probe: boolean;
}

/** `'neutral'`: says nothing of the service; the caller gave up, or the call was refused locally. */
export type BreakerVerdict = 'success' | 'failure' | 'neutral';

/** One change of a breaker's state. */
export interface BreakerChange {
  /** Of the breaker's route; undefined for the service's own. */
  readonly key: string | undefined;
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
  /** In words. */
  readonly reason: string;
  /** Until the first probe may go; undefined unless `to` is `'open'`. Milliseconds. */
  readonly openMs: number | undefined;
}

export interface BreakerView {
  readonly key: string | undefined;
  readonly state: BreakerStateName;
  /** Calls within the window, or probes that have ended. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Until a probe may go: while open, and while all the probes there may be are under way. Milliseconds. */
  readonly nextProbeInMs: number | undefined;
  /** How many times in a row it has opened. */
  readonly times: number;
}

export interface Breaker {
  readonly key: string | undefined;
  /** A permit, or undefined when the call is refused. */
  tryEnter(nowMs: number): BreakerPermit | undefined;
  leave(permit: BreakerPermit, verdict: BreakerVerdict, tookMs: number, nowMs: number): void;
  /** Refuses everything until {@link Breaker.release}. */
  isolate(nowMs: number): void;
  /** Closes the breaker, whatever it was, and forgets the past. */
  release(nowMs: number): void;
  view(nowMs: number): BreakerView;
}

export function createBreaker(
  key: string | undefined,
  settings: BreakerSettings,
  random: Random,
  onChange: (change: BreakerChange) => void,
): Breaker {
  return new StateBreaker(key, settings, random, onChange);
}

interface Probe extends BreakerPermit {
  readonly startedAtMs: number;
}

type State =
  | { readonly kind: 'closed'; readonly permit: BreakerPermit; readonly window: CallWindow; readonly sinceMs: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'half-open'; readonly running: Probe[]; ended: number; failures: number; slow: number }
  | { readonly kind: 'isolated' };

class StateBreaker implements Breaker {
  readonly key: string | undefined;
  private readonly settings: BreakerSettings;
  private readonly random: Random;
  private readonly onChange: (change: BreakerChange) => void;
  private state: State;
  private times = 0;
  private lastOpenMs = 0;

  constructor(
    key: string | undefined,
    settings: BreakerSettings,
    random: Random,
    onChange: (change: BreakerChange) => void,
  ) {
    this.key = key;
    this.settings = settings;
    this.random = random;
    this.onChange = onChange;
    // It has always been closed, as far as anybody knows.
    this.state = this.closed(-Infinity);
  }

  tryEnter(nowMs: number): BreakerPermit | undefined {
    if (this.state.kind === 'closed') return this.state.permit;
    this.progress(nowMs);
    const { state } = this;
    if (state.kind !== 'half-open' || state.ended + state.running.length >= this.settings.probes) return undefined;
    const probe: Probe = { breaker: this, probe: true, startedAtMs: nowMs };
    state.running.push(probe);
    return probe;
  }

  leave(permit: BreakerPermit, verdict: BreakerVerdict, tookMs: number, nowMs: number): void {
    const { state } = this;
    const slow = verdict !== 'neutral' && tookMs > (this.settings.slowCallMs ?? Infinity);
    if (state.kind === 'closed') {
      if (permit !== state.permit || verdict === 'neutral') return;
      state.window.record(verdict === 'failure', slow, nowMs);
      this.judgeWindow(state.window, nowMs);
    } else if (state.kind === 'half-open') {
      const place = state.running.indexOf(permit as Probe);
      if (place < 0) return;
      state.running.splice(place, 1);
      if (verdict === 'neutral') return;
      state.ended++;
      if (verdict === 'failure') state.failures++;
      if (slow) state.slow++;
      this.judgeProbes(nowMs);
    }
  }

  isolate(nowMs: number): void {
    this.progress(nowMs);
    if (this.state.kind !== 'isolated') this.become({ kind: 'isolated' }, 'isolated by hand');
  }

  release(nowMs: number): void {
    this.progress(nowMs);
    this.times = 0;
    this.become(this.closed(-Infinity), 'released by hand');
  }

  view(nowMs: number): BreakerView {
    this.progress(nowMs);
    const { state, key, times } = this;
    const base = { key, state: state.kind, times, calls: 0, failures: 0, slow: 0, nextProbeInMs: undefined };
    switch (state.kind) {
      case 'closed': {
        state.window.expire(nowMs);
        const { calls, failures, slow } = state.window;
        return { ...base, calls, failures, slow };
      }
      case 'open':
        return { ...base, nextProbeInMs: state.untilMs - nowMs };
      case 'half-open': {
        const { ended: calls, failures, slow, running } = state;
        const oldest = running[0];
        const full = calls + running.length >= this.settings.probes && oldest !== undefined;
        const nextProbeInMs = full ? oldest.startedAtMs + this.settings.probeTimeoutMs - nowMs : 0;
        return { ...base, calls, failures, slow, nextProbeInMs };
      }
      case 'isolated':
        return base;
    }
  }

  /** What time alone has changed. */
  private progress(nowMs: number): void {
    const { state } = this;
    if (state.kind === 'half-open') {
      while (this.state === state && state.running[0] !== undefined) {
        // Judged as of when its time was over: nobody may have asked for long.
        const overAtMs = state.running[0].startedAtMs + this.settings.probeTimeoutMs;
        if (nowMs < overAtMs) return;
        state.running.shift();
        state.ended++;
        state.failures++;
        this.judgeProbes(overAtMs);
      }
    }
    if (this.state.kind === 'open' && nowMs >= this.state.untilMs)
      this.become({ kind: 'half-open', running: [], ended: 0, failures: 0, slow: 0 }, 'its time was over');
  }

  private judgeWindow(window: CallWindow, nowMs: number): void {
    const { minVolume, windowCalls = Infinity, failureThreshold, slowThreshold } = this.settings;
    const { calls, failures, slow } = window;
    if (calls < Math.min(minVolume, windowCalls)) return;
    if (failures >= failureThreshold * calls) this.trip(`${failures} of ${calls} calls failed`, nowMs);
    else if (slow > 0 && slow >= slowThreshold * calls) this.trip(`${slow} of ${calls} calls were slow`, nowMs);
  }

  private judgeProbes(nowMs: number): void {
    const { state, settings } = this;
    if (state.kind !== 'half-open') return;
    const { probes, failureThreshold, slowThreshold } = settings;
    const { ended, failures, slow } = state;
    const left = probes - ended;
    if (failures >= failureThreshold * probes) this.trip(`${failures} of ${ended} probes failed`, nowMs);
    else if (slow > 0 && slow >= slowThreshold * probes) this.trip(`${slow} of ${ended} probes were slow`, nowMs);
    else if (failures + left < failureThreshold * probes && slow + this.slowLeft(left) < slowThreshold * probes)
      this.become(this.closed(nowMs), `${ended - failures} of ${ended} probes succeeded`);
  }

  private slowLeft(left: number): number {
    return this.settings.slowCallMs === undefined ? 0 : left;
  }

  private trip(reason: string, nowMs: number): void {
    const { state, random } = this;
    const { openMs, maxOpenMs, jitterRatio } = this.settings;
    const relapse = state.kind === 'half-open' || (state.kind === 'closed' && nowMs - state.sinceMs < this.lastOpenMs);
    this.times = relapse ? this.times + 1 : 1;
    // The jitter comes after the cap, or it would vanish there.
    const jitter = 1 + jitterRatio * (2 * random.next() - 1);
    this.lastOpenMs = Math.min(maxOpenMs, openMs * 2 ** (this.times - 1)) * jitter;
    this.become({ kind: 'open', untilMs: nowMs + this.lastOpenMs }, reason);
  }

  private closed(sinceMs: number): State {
    const { windowMs, windowCalls } = this.settings;
    const permit: BreakerPermit = { breaker: this, probe: false };
    return { kind: 'closed', permit, window: createCallWindow(windowMs, windowCalls), sinceMs };
  }

  private become(next: State, reason: string): void {
    const from = this.state.kind;
    this.state = next;
    const to = next.kind;
    if (from !== to || to === 'isolated')
      this.onChange({ key: this.key, from, to, reason, openMs: to === 'open' ? this.lastOpenMs : undefined });
  }
}

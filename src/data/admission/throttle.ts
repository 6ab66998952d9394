/**
 * Adaptive throttling ("Site Reliability Engineering", ch. 21, Handling Overload): a client whose calls a service rejects
 * sheds a part of them before they are sent, because rejecting costs a server as well, and queues in front of it more.
 * Of `requests` calls within the window, of which the service accepted `accepts`, the next one is shed with the probability
 *
 *     max(0, (requests − factor × accepts) / (requests + 1))
 *
 * so that about `factor` times as many are sent as are accepted: enough to find out how much more the service can take.
 * No state has to be left: what gets through is the probe. As in the book, shed calls are requests.
 *
 * Three things are different from the book, where a request is one attempt of a backend job at Google:
 * - A call counts when it ends. Counted when it begins, a burst of calls that nobody has had the time to answer would be
 *   taken for rejected.
 * - Below a minimum volume nothing is shed, and never everything: a window full of shed calls would otherwise keep a
 *   service away from its callers for a long time after it is back.
 * - Not chance decides on each call: of every five calls at a probability of 0.8 one is sent. The few that get through
 *   decide how many may follow, and a client of twenty calls a second that is unlucky with them takes twice as long to be back.
 *
 * Before calls are shed, retries stop: see {@link Throttle.isRejecting}.
 *
 * A call to a healthy service costs one comparison before and one addition after.
 */

import type { Clock } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import { createExpiringSum, type ExpiringSum } from '../../kit/expiring-sum.js';
import type { ThrottleSettings } from './throttle-settings.js';

export interface Throttle {
  /** Whether the next call may be sent. One that may not is counted here; one that may is counted when it ends. */
  admit(): boolean;
  /** A call has ended. */
  ended(accepted: boolean, nowMs: number): void;
  /** So many calls are rejected for good, after all their attempts, that trying again only adds to what the service cannot do. */
  isRejecting(): boolean;
  view(): ThrottleView;
}

export interface ThrottleView {
  /** Share of calls that are shed now. */
  readonly ratio: number;
  /** Calls of the window: accepted, rejected or shed. */
  readonly requests: number;
  readonly accepts: number;
}

/** Steps in which the window moves. */
const SLOTS = 10;

/**
 * Above it retries stop: long before calls are shed, for a service that is asked for half as much again as it can do accepts
 * two of three, and one in three would be sent twice. While single endpoints fail, retries bring nearly every call
 * through, and the share of those that are rejected for good stays far below.
 */
const REJECTING_RATIO = 0.1;

/** @param onChange calls begin to be shed, or have ceased to be */
export function createThrottle(
  settings: ThrottleSettings,
  clock: Clock,
  random: Random,
  onChange: (on: boolean, view: ThrottleView) => void,
): Throttle {
  return new WindowThrottle(settings, clock, random, onChange);
}

/** The book's formula. */
export function rejectionProbability(requests: number, accepts: number, factor: number): number {
  return Math.max(0, (requests - factor * accepts) / (requests + 1));
}

class WindowThrottle implements Throttle {
  private readonly settings: ThrottleSettings;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly onChange: (on: boolean, view: ThrottleView) => void;
  private readonly accepts: ExpiringSum;
  /** Rejected or shed. */
  private readonly others: ExpiringSum;
  /** Nothing was rejected since the window was last found to be clean: there is no need to look. */
  private clean = true;
  private shedding = false;
  /** What part of the next call may be sent. Random when shedding begins, so that clients do not send together. */
  private credit = 0;

  constructor(
    settings: ThrottleSettings,
    clock: Clock,
    random: Random,
    onChange: (on: boolean, view: ThrottleView) => void,
  ) {
    const { windowMs } = settings;
    const originMs = clock.now();
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.onChange = onChange;
    this.accepts = createExpiringSum({ windowMs, slots: SLOTS, originMs });
    this.others = createExpiringSum({ windowMs, slots: SLOTS, originMs });
  }

  admit(): boolean {
    if (this.clean) return true;
    const nowMs = this.clock.now();
    const ratio = this.ratio(nowMs);
    if (this.shedding !== ratio > 0) {
      this.shedding = ratio > 0;
      if (this.shedding) this.credit = this.random.next();
      this.onChange(this.shedding, this.view());
    }
    if (ratio === 0) return true;
    this.credit += 1 - ratio;
    if (this.credit >= 1) {
      this.credit--;
      return true;
    }
    this.others.add(1, nowMs);
    return false;
  }

  ended(accepted: boolean, nowMs: number): void {
    if (accepted) {
      this.accepts.add(1, nowMs);
      return;
    }
    this.clean = false;
    this.others.add(1, nowMs);
  }

  isRejecting(): boolean {
    if (this.clean) return false;
    const nowMs = this.clock.now();
    const others = this.others.total(nowMs);
    const requests = this.accepts.total(nowMs) + others;
    return requests >= this.settings.minVolume && others > REJECTING_RATIO * requests;
  }

  view(): ThrottleView {
    const nowMs = this.clock.now();
    const accepts = this.accepts.total(nowMs);
    return { ratio: this.ratio(nowMs), requests: accepts + this.others.total(nowMs), accepts };
  }

  private ratio(nowMs: number): number {
    const others = this.others.total(nowMs);
    if (others === 0) this.clean = true;
    const { factor, minVolume, maxRatio } = this.settings;
    const accepts = this.accepts.total(nowMs);
    const requests = accepts + others;
    return requests < minVolume ? 0 : Math.min(maxRatio, rejectionProbability(requests, accepts, factor));
  }
}

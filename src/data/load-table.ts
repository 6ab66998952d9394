/**
 * What this client has learned about endpoints, by id: attempts in flight, a score for recent failures, an average
 * latency. It outlives pickers, refreshes and the removal and return of an endpoint, until somebody who knows that the
 * endpoint is gone for good says so.
 *
 * Each endpoint has a slot in arrays of numbers rather than an object, and what a pick reads of a slot lies in 32 bytes:
 * a pick that samples 16 of 100,000 endpoints then waits for 16 pieces of memory, and nothing here is work for the
 * garbage collector. 44 bytes a slot, and about 100 more for the id's entry in a map; the arrays double when full and do not
 * shrink, so the bound is twice the largest number of endpoints at one time.
 *
 * A slot is reused only when its endpoint was forgotten *and* its last attempt has ended. A late result therefore finds
 * either its own endpoint or an orphan that nobody reads, never the next tenant.
 */

import type { Outcome } from '../core/outcome.js';
import { ewma, NO_AVERAGE } from '../kit/ewma.js';
import { addFading, fade } from '../kit/fading-score.js';

/**
 * A failure weighs as much as ten attempts in flight, fades with a time constant of 5 s, and three weigh as much as
 * thirty. Found by simulation: a server that answers 503 at once then gets a few hundredths of its fair share, where
 * counting in flight alone gives it more than its share; and without the cap a recovered server was shunned for more
 * than 20 s. A success does not clear the score: at a failure ratio of one half the next success is one call away.
 */
export const FAILURE_WEIGHT = 10;
export const FAILURE_TAU_MS = 5_000;
export const FAILURE_SCORE_CAP: number = 3 * FAILURE_WEIGHT;

/** An endpoint that asks for more than five minutes of peace gets five (linkerd `load-biaser`). */
export const RETRY_AFTER_CAP_MS = 300_000;

/**
 * Time constant of the latency average. Longer than the 10 s of Finagle's `PeakEwma`: many clients that believe the same
 * few samples leave and come back together, and in simulation every halving of this time makes their waves higher.
 */
export const LATENCY_TAU_MS = 20_000;

/** After so long without a sample half of the average is left to compare with. */
export const LATENCY_HALF_MS = 12_000;

const FIRST_CAPACITY = 16;

/** Numbers per slot that a pick reads: two slots to a cache line. */
const STRIDE = 4;

/** Attempts that were started and have not ended. */
const IN_FLIGHT = 0;
const FAILURE_SCORE = 1;
/** NaN before anything is known; negative while all that is known is "at least so long". */
const LATENCY_MS = 2;
const LATENCY_TIME_MS = 3;

/** Longer than any timer can wait (2³¹ ms), so that no latency weighs as much as one attempt. */
const ABOVE_ALL_LATENCIES_MS = 2 ** 32;

/** To multiply with: a division takes longer than all else that is done for a slot. */
const PER_LATENCY_HALF = 1 / LATENCY_HALF_MS;

/** @param latencyMs NaN for unknown, negative for "at least so long" */
function idleLatency(latencyMs: number, idleMs: number): number {
  if (latencyMs !== latencyMs) return 0;
  const age = idleMs * PER_LATENCY_HALF;
  const squared = age * age;
  return Math.abs(latencyMs) / (1 + squared * squared);
}

/** A class, and its arrays plain fields, because they are read some fifty times per pick. */
export class LoadTable {
  /** The last eligible set that the endpoint was in, by the balancer's count; 0 for none. */
  setNumbers: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  private numbers: Float64Array = new Float64Array(FIRST_CAPACITY * STRIDE);
  /** When the score was last changed; in the future while an overloaded endpoint's Retry-After lasts. */
  private failureTimesMs: Float64Array = new Float64Array(FIRST_CAPACITY);

  private readonly slotsById = new Map<string, number>();
  /** The tenant of each slot; undefined for a free slot and for an orphan. */
  private readonly ids: (string | undefined)[] = [];
  private readonly freeSlots: number[] = [];

  /** How many slots there are, free ones and orphans included: every slot's number is below. */
  get size(): number {
    return this.ids.length;
  }

  /** The endpoint's slot: its own when it has one, a fresh one otherwise. */
  acquireSlot(id: string): number {
    const known = this.slotsById.get(id);
    if (known !== undefined) return known;
    const slot = this.freeSlots.pop() ?? this.ids.length;
    if (slot === this.setNumbers.length) this.grow();
    this.numbers[slot * STRIDE + FAILURE_SCORE] = 0;
    this.numbers[slot * STRIDE + LATENCY_MS] = NO_AVERAGE;
    this.setNumbers[slot] = 0;
    this.ids[slot] = id;
    this.slotsById.set(id, slot);
    return slot;
  }

  /** Undefined when nothing is known of this id. Does not make a slot. */
  slotOf(id: string): number | undefined {
    return this.slotsById.get(id);
  }

  /** The endpoint is gone for good. Attempts that are still in flight keep its slot, unread, until the last one ends. */
  forget(id: string): void {
    const slot = this.slotsById.get(id);
    if (slot === undefined) return;
    this.slotsById.delete(id);
    this.ids[slot] = undefined;
    if (this.inFlight(slot) === 0) this.freeSlots.push(slot);
  }

  /** Attempts that were started and have not ended. */
  inFlight(slot: number): number {
    return this.numbers[slot * STRIDE + IN_FLIGHT] as number;
  }

  /** An attempt begins. */
  begin(slot: number): void {
    const at = slot * STRIDE + IN_FLIGHT;
    this.numbers[at] = (this.numbers[at] as number) + 1;
  }

  /** An attempt ends; call once for each {@link LoadTable.begin}. Returns how many are left. */
  end(slot: number): number {
    const left = this.inFlight(slot) - 1;
    this.numbers[slot * STRIDE + IN_FLIGHT] = left;
    if (left === 0 && this.ids[slot] === undefined) this.freeSlots.push(slot);
    return left;
  }

  /**
   * Learns from how an attempt ended.
   * @param latencyMs time to response headers, or until the attempt ended without any
   * @param answered whether there were response headers
   */
  learn(slot: number, outcome: Outcome, latencyMs: number, answered: boolean, nowMs: number): void {
    switch (outcome.kind) {
      case 'success':
        this.addLatency(slot, latencyMs, nowMs);
        return;
      case 'ignored':
        if (answered) this.addLatency(slot, latencyMs, nowMs);
        else this.addLowerBound(slot, latencyMs, nowMs);
        return;
      case 'failure':
        // The latency is left alone: failing fast must not look fast, and a timeout must not look slow long after recovery.
        this.addFailure(slot, nowMs, 0);
        return;
      case 'overload':
        this.addFailure(slot, nowMs, Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS));
    }
  }

  /** Drops the score of an endpoint that has proved itself. */
  forgive(slot: number): void {
    this.numbers[slot * STRIDE + FAILURE_SCORE] = 0;
  }

  /**
   * The fading score, in whole failures. After an outage every endpoint has a score, and no two are equal to the last
   * digit: compared as they are, a quiet client would send everything to the one that failed first until all have faded.
   */
  wholeFailureScore(slot: number, nowMs: number): number {
    const score = this.failureScore(slot, nowMs);
    return score === 0 ? 0 : Math.ceil(score / FAILURE_WEIGHT) * FAILURE_WEIGHT;
  }

  failureScore(slot: number, nowMs: number): number {
    const score = this.numbers[slot * STRIDE + FAILURE_SCORE] as number;
    if (score === 0) return 0;
    const left = fade(score, nowMs - (this.failureTimesMs[slot] as number), FAILURE_TAU_MS);
    // Once faded it stays so: the next reader need not compute it again.
    if (left === 0) this.numbers[slot * STRIDE + FAILURE_SCORE] = 0;
    return left;
  }

  /** The average as it was learned; undefined before the first sample. */
  latencyMs(slot: number): number | undefined {
    const latency = this.numbers[slot * STRIDE + LATENCY_MS] as number;
    return latency >= 0 ? latency : undefined;
  }

  /**
   * The average for comparisons: 0 when unknown, so that a new endpoint is tried first, and fading without samples, so
   * that an old one is tried again. By the fourth power of the time: hardly at all for some seconds, in which a client
   * stays with the endpoints that it has, and then for good. One that is ten times slower than the best is tried after
   * 21 s, a hundred times (a cold start) after 38 s. Fading that begins at once would make every client of a fleet come
   * back to a busy endpoint within a second or two (docs/adr/0013).
   */
  idleLatencyMs(slot: number, nowMs: number): number {
    const at = slot * STRIDE;
    return idleLatency(this.numbers[at + LATENCY_MS] as number, nowMs - (this.numbers[at + LATENCY_TIME_MS] as number));
  }

  /**
   * Of the first `count` of these slots, the one with the least in flight plus failure score; ties go to the lowest
   * latency, further ties to the first. Here rather than in a picker, and both compared as one number without a branch
   * between: it is asked of 16 slots for every call, and then takes half the time.
   * @returns -1 when there are none
   */
  leastLoaded(slots: Int32Array, count: number, nowMs: number): number {
    const { numbers } = this;
    let best = -1;
    let least = Infinity;
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      const at = slot * STRIDE;
      let cost = numbers[at + IN_FLIGHT] as number;
      if (numbers[at + FAILURE_SCORE] !== 0) cost += this.wholeFailureScore(slot, nowMs);
      const latencyMs = idleLatency(
        numbers[at + LATENCY_MS] as number,
        nowMs - (numbers[at + LATENCY_TIME_MS] as number),
      );
      const both = cost * ABOVE_ALL_LATENCIES_MS + latencyMs;
      if (both >= least) continue;
      best = slot;
      least = both;
    }
    return best;
  }

  /**
   * What has faded is not brought back by a sample: whoever was slow once, and was left alone for that until it was worth
   * another try, is known by this try and not shunned for its old fault again.
   */
  private addLatency(slot: number, sampleMs: number, nowMs: number): void {
    const average = this.numbers[slot * STRIDE + LATENCY_MS] as number;
    this.average(slot, average >= 0 ? this.idleLatencyMs(slot, nowMs) : NO_AVERAGE, sampleMs, nowMs);
  }

  private average(slot: number, before: number, sampleMs: number, nowMs: number): void {
    const at = slot * STRIDE;
    const elapsedMs = nowMs - (this.numbers[at + LATENCY_TIME_MS] as number);
    this.numbers[at + LATENCY_MS] = ewma(before, sampleMs, elapsedMs, LATENCY_TAU_MS);
    this.numbers[at + LATENCY_TIME_MS] = nowMs;
  }

  /**
   * Somebody gave up after so long without an answer: the endpoint may be that slow or slower, but not shown to be fast.
   * Without this a hung endpoint whose callers all abort would look as good as on its first day. The first real sample
   * takes the place of mere bounds.
   */
  private addLowerBound(slot: number, atLeastMs: number, nowMs: number): void {
    // Compared with what is left of the average, not with the average: a bound that only confirms it ends its fading, too.
    if (atLeastMs <= this.idleLatencyMs(slot, nowMs)) return;
    const average = this.numbers[slot * STRIDE + LATENCY_MS] as number;
    if (average >= 0) this.average(slot, average, Math.max(average, atLeastMs), nowMs);
    else {
      this.numbers[slot * STRIDE + LATENCY_MS] = Number.isNaN(average) ? -atLeastMs : Math.min(average, -atLeastMs);
      this.numbers[slot * STRIDE + LATENCY_TIME_MS] = nowMs;
    }
  }

  private addFailure(slot: number, nowMs: number, holdMs: number): void {
    const changedMs = this.failureTimesMs[slot] as number;
    const score = this.numbers[slot * STRIDE + FAILURE_SCORE] as number;
    const held = score === 0 ? nowMs : Math.max(nowMs, changedMs);
    this.numbers[slot * STRIDE + FAILURE_SCORE] = addFading(
      score,
      nowMs - changedMs,
      FAILURE_TAU_MS,
      FAILURE_WEIGHT,
      FAILURE_SCORE_CAP,
    );
    // A time in the future holds the score: it starts to fade when Retry-After is over.
    this.failureTimesMs[slot] = Math.max(held, nowMs + holdMs);
  }

  private grow(): void {
    const { setNumbers, numbers, failureTimesMs } = this;
    this.setNumbers = new Uint32Array(setNumbers.length * 2);
    this.setNumbers.set(setNumbers);
    this.numbers = new Float64Array(numbers.length * 2);
    this.numbers.set(numbers);
    this.failureTimesMs = new Float64Array(failureTimesMs.length * 2);
    this.failureTimesMs.set(failureTimesMs);
  }
}

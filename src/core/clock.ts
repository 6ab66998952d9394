/**
 * Time, as the rest of the library is allowed to know it.
 *
 * Every algorithm here takes a {@link Clock} as a parameter, which is what lets the tests run in virtual time and the
 * simulator replay hours in seconds. This file and `random.ts` are the only ones that may touch the platform's own.
 */

/** Monotonic milliseconds. Timers never keep the process alive. */
export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back. */
  now(): number;
  /** Calls `callback` once after `delayMs`; disposing the result cancels it. */
  setTimer(callback: () => void, delayMs: number): Disposable;
}

/** Longest delay the platform's timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;

class SystemTimer implements Disposable {
  private readonly handle: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.handle = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS));
    this.handle.unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.handle);
  }
}

// Taken once: the global is a getter, and a call reads the time eight times or so.
const { performance: platformTime } = globalThis;

/** The platform's monotonic clock. */
export const systemClock: Clock = {
  now: () => platformTime.now(),
  setTimer: (callback, delayMs) => new SystemTimer(callback, delayMs),
};

let holders = 0;
let holding: NodeJS.Timeout | undefined;

/**
 * Keeps the process alive until the result is disposed. An idle client must not hold a process open, but a caller who
 * waits for a backoff or for the first endpoints must not see it exit either: at that moment nothing else may be alive.
 */
export function holdProcess(): Disposable {
  if (holders++ === 0) holding = setInterval(() => {}, LONGEST_DELAY_MS);
  let released = false;
  return {
    [Symbol.dispose]: () => {
      if (released) return;
      released = true;
      if (--holders === 0) clearInterval(holding);
    },
  };
}

/** The calendar's time in milliseconds since 1970: only for what peers state as a date (HTTP-date), never for measuring. */
export function wallNow(): number {
  return Date.now();
}

/** The three forms of RFC 9110 §5.6.7: the current one, RFC 850's, and asctime's, which says no zone and means GMT. */
const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC850_DATE = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** The instant that an HTTP-date names, in milliseconds since 1970; undefined when it is none. */
export function parseHttpDate(text: string): number | undefined {
  const asctime = ASCTIME_DATE.test(text);
  if (!asctime && !IMF_FIXDATE.test(text) && !RFC850_DATE.test(text)) return undefined;
  const at = Date.parse(asctime ? `${text} GMT` : text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * The calls of one service that are under way. Attempts in flight do not tell: a call between two attempts, or one that
 * fetch has not sent yet, has none and is open all the same.
 *
 * They stand in an array, each knowing its place. A `Set` would do the same with fewer words, but it replaces its table
 * every few dozen calls, each old table points at the next one, and once one of them has grown old all that follow are
 * kept, with the calls that were open then: on Node 20 that garbage cost a quarter of a healthy call's CPU.
 */

/** What is asked of a call that is waited for. */
export interface OpenCall {
  /** Ends a wait between two attempts. */
  wake(): void;
  /** Where it stands among the open calls; {@link NOT_OPEN} when it is none of them. Only {@link OpenCalls} writes it. */
  place: number;
}

export const NOT_OPEN = -1;

export interface OpenCalls {
  began(call: OpenCall): void;
  ended(call: OpenCall): void;
  /** To be called when an attempt has ended. */
  settled(): void;
  wakeAll(): void;
  /** Resolves when no call is open and nothing is in flight. */
  over(): Promise<void>;
}

/** @param inFlight attempts in flight now: those of leases, and of bodies that are still being read, belong to no open call */
export function createOpenCalls(inFlight: () => number): OpenCalls {
  const open: OpenCall[] = [];
  let onOver: (() => void) | undefined;
  const isOver = (): boolean => open.length === 0 && inFlight() === 0;
  const check = (): void => {
    if (onOver !== undefined && isOver()) onOver();
  };
  let over: Promise<void> | undefined;
  return {
    began(call) {
      call.place = open.push(call) - 1;
    },
    ended(call) {
      const { place } = call;
      if (place === NOT_OPEN) return;
      call.place = NOT_OPEN;
      const last = open.pop() as OpenCall;
      if (last !== call) {
        open[place] = last;
        last.place = place;
      }
      check();
    },
    settled: check,
    wakeAll() {
      for (const call of [...open]) call.wake();
    },
    over: () => (over ??= isOver() ? Promise.resolve() : new Promise((resolve) => (onOver = resolve))),
  };
}

/**
 * The calls of one service that are under way. Attempts in flight do not tell: a call between two attempts, or one that
 * fetch has not sent yet, has none and is open all the same.
 */

/** What is asked of a call that is waited for. */
export interface OpenCall {
  /** Ends a wait between two attempts. */
  wake(): void;
}

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
  const open = new Set<OpenCall>();
  let onOver: (() => void) | undefined;
  const isOver = (): boolean => open.size === 0 && inFlight() === 0;
  const check = (): void => {
    if (onOver !== undefined && isOver()) onOver();
  };
  let over: Promise<void> | undefined;
  return {
    began: (call) => void open.add(call),
    ended(call) {
      open.delete(call);
      check();
    },
    settled: check,
    wakeAll() {
      for (const call of open) call.wake();
    },
    over: () => (over ??= isOver() ? Promise.resolve() : new Promise((resolve) => (onOver = resolve))),
  };
}

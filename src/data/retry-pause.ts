import { holdProcess, type Clock } from '../core/clock.js';

/** The wait before a retry. Holds the process: nothing else may be alive meanwhile. */
export class RetryPause {
  readonly over: Promise<void>;
  private readonly hold = holdProcess();
  private readonly timer: Disposable;
  private resolve!: () => void;

  constructor(clock: Clock, delayMs: number) {
    this.over = new Promise((resolve) => (this.resolve = resolve));
    this.timer = clock.setTimer(() => this.end(), delayMs);
  }

  /** Before its time, or once more. */
  end(): void {
    this.hold[Symbol.dispose]();
    this.timer[Symbol.dispose]();
    this.resolve();
  }
}

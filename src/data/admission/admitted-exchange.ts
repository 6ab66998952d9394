import type { Call } from '../call.js';
import type { ExchangeObserver } from '../transport/exchange-observer.js';
import { leave } from './admission.js';
import type { BreakerPermit } from './breaker.js';
import { finalOutcome } from './final-outcome.js';

/** Tells the door how a request through the dispatcher ended: the last thing that its caller's own handler hears. */
export class AdmittedExchange implements ExchangeObserver {
  private readonly call: Call;
  private permit: BreakerPermit | undefined;

  constructor(call: Call, permit: BreakerPermit) {
    this.call = call;
    this.permit = permit;
  }

  started(): void {
    // Which attempt it is, the call knows.
  }

  bodySent(): void {
    // Nothing has ended by that.
  }

  responded(): void {
    this.left();
  }

  ended(): void {
    this.left();
  }

  failed(): boolean {
    this.left();
    return false;
  }

  private left(): void {
    const { permit, call } = this;
    if (permit === undefined) return;
    this.permit = undefined;
    const nowMs = call.route.clock.now();
    leave(permit, finalOutcome(call), nowMs - call.startedAtMs, nowMs);
  }
}

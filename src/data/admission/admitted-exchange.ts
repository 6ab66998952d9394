import type { Call } from '../call.js';
import type { ExchangeObserver } from '../transport/exchange-observer.js';
import type { Admission } from './admission.js';
import type { BreakerPermit } from './breaker.js';
import { finalOutcome } from './final-outcome.js';

/** Tells the door how a request through the dispatcher ended: the last thing that its caller's own handler hears. */
export class AdmittedExchange implements ExchangeObserver {
  private readonly call: Call;
  private readonly permit: BreakerPermit;
  private admission: Admission | undefined;

  constructor(call: Call, admission: Admission, permit: BreakerPermit) {
    this.call = call;
    this.admission = admission;
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
    const { admission, call } = this;
    if (admission === undefined) return;
    this.admission = undefined;
    const nowMs = call.route.clock.now();
    admission.left(this.permit, finalOutcome(call), nowMs - call.startedAtMs, nowMs);
  }
}

/**
 * A second round of a call beside one that is overdue. The first acceptable answer wins, whichever it is; the other one
 * is cancelled and its body freed. Two bad endings are one bad ending, which goes on to the retry policy.
 */

import type { Call } from '../call.js';
import type { Round } from '../retry-call.js';
import type { HedgeKind } from './hedge-policy.js';

export interface SentRequest<T> {
  send(call: Call): Promise<T>;
  /** Frees what a response that nobody will read holds. */
  discard(value: T): void;
}

export class Company<T> {
  private readonly main: Call;
  private readonly side: Call;
  private readonly kind: HedgeKind;
  private readonly request: SentRequest<T>;
  private readonly ended: Promise<Round<T>>;
  /** The main round has ended well: nobody waits for this one any more. */
  private late = false;

  constructor(main: Call, kind: HedgeKind, request: SentRequest<T>) {
    this.main = main;
    this.kind = kind;
    this.request = request;
    this.side = main.accompany(kind);
    this.ended = request.send(this.side).then(
      (value) => this.answered(value),
      (error: unknown) => ({ error }),
    );
  }

  /** The caller gave up. */
  abort(reason: unknown): void {
    this.side.abort(reason);
  }

  /** What the call has come to, given how its main round ended. */
  async decide(first: Round<T>): Promise<Round<T>> {
    const { main, side, request } = this;
    if (first.error === undefined && main.isSuccess) {
      this.late = true;
      // The main round has shown that the endpoint beside it is no faster, and nothing more.
      side.supersede('hedge');
      return first;
    }
    const second = await this.ended;
    if (main.aborted) {
      if (second.value !== undefined) request.discard(second.value);
      return first;
    }
    if (second.error === undefined && (side.isSuccess || first.value === undefined)) {
      if (first.value !== undefined) request.discard(first.value);
      main.adopt(side);
      return second;
    }
    if (second.value !== undefined) request.discard(second.value);
    main.shun(side.tried ?? []);
    return first;
  }

  private answered(value: T): Round<T> {
    if (this.late) this.request.discard(value);
    else if (this.side.isSuccess) this.main.supersede(this.kind);
    return { value };
  }
}

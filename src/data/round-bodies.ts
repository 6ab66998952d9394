/**
 * The bodies of a call that may take several rounds, where the caller's own could be sent only once: made anew by a
 * function of the caller's, or kept while it is sent.
 */

import { isReplayableBody } from './idempotency.js';
import { ReplayBody } from './replay-body.js';

export interface RoundBodies {
  /** What the next round sends; undefined for the caller's own, as it came. Throws and rejects as the caller's function does. */
  next(): unknown;
  /** Another round can have one. */
  isReplayable(): boolean;
  /** It cannot, because the body was longer than what is kept. */
  isTooLong(): boolean;
  /** What the caller's function threw, which ends the call. */
  failure(): { readonly error: unknown } | undefined;
  /** The call is answered: there will be no further round, but one may still be sending. */
  release(): void;
  /** The call has failed: nobody sends any more. */
  cancel(): void;
}

export function madeBodies(make: () => unknown): RoundBodies {
  let failure: { readonly error: unknown } | undefined;
  return {
    async next() {
      try {
        return await make();
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    isReplayable: () => failure === undefined,
    isTooLong: () => false,
    failure: () => failure,
    release: () => {},
    cancel: () => {},
  };
}

/** A stream or an iterable, of which up to `maxBytes` are kept while the first round sends it. */
export function keptBodies(source: object, maxBytes: number): RoundBodies {
  const body = new ReplayBody(source, maxBytes);
  return bodiesOf(body, () => body.whole ?? body.read());
}

/** The first round sends the caller's own, and what is kept comes from its twin, which is read at the same time. */
export function twinBodies(twin: object, maxBytes: number): RoundBodies {
  const body = new ReplayBody(twin, maxBytes);
  let rounds = 0;
  return bodiesOf(body, () => {
    if (rounds++ > 0) return body.whole ?? body.read();
    void body.fill();
    return undefined;
  });
}

function bodiesOf(body: ReplayBody, next: () => unknown): RoundBodies {
  return {
    next,
    isReplayable: () => body.repeatable,
    isTooLong: () => body.tooLong,
    failure: () => undefined,
    release: () => body.release(),
    cancel: () => body.cancel(),
  };
}

/** A body that can be read once, and by chunks. */
export function isOneShotBody(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !isReplayableBody(body);
}

/**
 * Several addresses of one registry, asked in turn: the one that answered last is asked first.
 *
 * An address that fails is followed by the next at once, and one that is only silent by the next beside it, if patience
 * is limited: whoever answers first is believed, so that an address that hangs costs the next one nothing but that wait.
 * One that has asked for peace, by Retry-After, is passed over until then.
 */

import type { Clock } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import { linkSignal } from '../../kit/link-signal.js';
import { retryAfterOf } from '../discovery/retry-after-of.js';
import { heedRetryAfter } from './heed-retry-after.js';
import { RegistryFailure } from './registry-failure.js';
import { askRegistry, type AskRegistry, type RegistryQuestion, type RegistryRequester } from './registry-request.js';

export interface FailoverOptions {
  /** For each address but the first, in milliseconds: a question that may be held for long is asked of the first only. */
  readonly timeoutMs: number;
  /**
   * How long the addresses asked so far may be silent before the next one is asked beside them, in milliseconds. Not
   * for a question that is held. @default until they fail
   */
  readonly patienceMs?: number;
  /** An address could not be asked, and the next one is. @default nobody is told */
  readonly reportError?: (error: unknown) => void;
}

/**
 * The first answer that any address gives. Only the address asked first gets the question as it is: its index and its
 * entity tag mean nothing to the others, which are asked for what they know now.
 *
 * The answer rejects when all have failed, with an error that says for each address what went wrong.
 */
export function askInTurn(
  requesters: readonly RegistryRequester[],
  { timeoutMs, patienceMs, reportError }: FailoverOptions,
): AskRegistry {
  return firstAnswer<RegistryQuestion, Awaited<ReturnType<AskRegistry>>>(
    requesters.map((requester) => (question) => askRegistry(requester, question)),
    {
      onward: ({ signal, clock }) => ({ timeoutMs, signal, clock }),
      patience: ({ held, clock }) =>
        patienceMs === undefined || held === true ? undefined : { waitMs: patienceMs, clock },
      reportError: (error, question) => (question.reportError ?? reportError)?.(error),
    },
  );
}

export interface TurnOptions<Q, A> {
  /** What is asked of all but the address that answered last, or was to be asked first. @default the same */
  readonly onward?: (question: Q) => Q;
  /** @default a silent address is waited for */
  readonly patience?: (question: Q) => { readonly waitMs: number; readonly clock: Clock } | undefined;
  /** For an answer that came too late to be used and holds something. */
  readonly discard?: (answer: A) => void;
  /** An address could not be asked, and others are or will be. */
  readonly reportError?: (error: unknown, question: Q) => void;
}

/**
 * As {@link askInTurn}, for questions of any kind.
 *
 * @param addresses how each is asked; at least one
 */
export function firstAnswer<
  Q extends { readonly signal: AbortSignal; readonly held?: boolean; readonly clock?: Clock },
  A,
>(addresses: readonly ((question: Q) => Promise<A>)[], options: TurnOptions<Q, A> = {}): (question: Q) => Promise<A> {
  const { onward = (question) => question, patience, discard, reportError } = options;
  const asks = addresses.map(heedRetryAfter);
  let answeredLast = 0;
  /** Where the next question begins: at the address that answered last, unless that one was given up in silence. */
  let next = 0;

  return (question) =>
    new Promise<A>((resolve, reject) => {
      const { signal } = question;
      const limit = asks.length > 1 ? patience?.(question) : undefined;
      const errors: unknown[] = [];
      const rivals: AbortController[] = [];
      let timer: Disposable | undefined;
      let ended = false;
      // Of this question alone: another one may be under way, and must not make it skip an address.
      const first = next;

      function end(): void {
        ended = true;
        timer?.[Symbol.dispose]();
        unlink();
      }

      function askNext(): void {
        const at = (first + rivals.length) % asks.length;
        const isOwn = rivals.length === 0 && at === answeredLast;
        const rival = new AbortController();
        rivals.push(rival);
        const ask = asks[at] as (question: Q) => Promise<A>;
        ask({ ...(isOwn ? question : onward(question)), signal: rival.signal }).then(
          (answer) => {
            if (ended) return discard?.(answer);
            end();
            answeredLast = next = at;
            for (const each of rivals) if (each !== rival) each.abort();
            resolve(answer);
          },
          (error: unknown) => {
            if (!ended) failed(error);
          },
        );
        timer?.[Symbol.dispose]();
        timer =
          limit === undefined || rivals.length === asks.length
            ? undefined
            : limit.clock.setTimer(askNext, limit.waitMs);
      }

      function failed(error: unknown): void {
        errors.push(error);
        if (errors.length === asks.length) {
          end();
          rejectWith(reject, together(errors));
          return;
        }
        reportError?.(error, question);
        if (!ended && rivals.length < asks.length) askNext();
      }

      const unlink = linkSignal(signal, (reason) => {
        ended = true;
        timer?.[Symbol.dispose]();
        // Silence to the end is no answer, whoever ended it; unless the registry was asked to be silent.
        if (question.held !== true && rivals.length > 0) next = (first + rivals.length) % asks.length;
        for (const rival of rivals) rival.abort(reason);
        rejectWith(reject, reason);
      });
      if (!ended) askNext();
    });
}

/** The reason may be the caller's own value, and goes on as it is. */
function rejectWith(reject: (reason: unknown) => void, reason: unknown): void {
  reject(reason);
}

function together(errors: readonly unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const wanted = errors.map(retryAfterOf);
  // As soon as one of them may be asked.
  const soonestMs = wanted.includes(undefined) ? undefined : Math.min(...(wanted as number[]));
  return new RegistryFailure(errors.map(describeError).join('; '), soonestMs);
}

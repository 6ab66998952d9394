/** Several addresses of one registry, asked in turn: the one that answered last is asked first. */

import { describeError } from '../../core/errors.js';
import { askRegistry, type AskRegistry, type RegistryRequester } from './registry-request.js';

export interface FailoverOptions {
  /** For each address but the first, in milliseconds: a question that may be held for long is asked of the first only. */
  readonly timeoutMs: number;
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
  { timeoutMs, reportError }: FailoverOptions,
): AskRegistry {
  return firstAnswer(
    requesters.map((requester) => (question) => askRegistry(requester, question)),
    { onward: ({ signal, clock }) => ({ timeoutMs, signal, clock }), ...(reportError && { reportError }) },
  );
}

/**
 * As {@link askInTurn}, for questions of any kind.
 *
 * @param asks one per address, at least one
 * @param options.onward what all but the address asked first are asked. @default the same
 */
export function firstAnswer<Q extends { readonly signal: AbortSignal }, A>(
  asks: readonly ((question: Q) => Promise<A>)[],
  options: { readonly onward?: (question: Q) => Q; readonly reportError?: (error: unknown) => void } = {},
): (question: Q) => Promise<A> {
  const { onward = (question) => question, reportError } = options;
  let answeredLast = 0;
  return async (question) => {
    const errors: unknown[] = [];
    // Of this question alone: another one may be under way, and must not make it skip an address.
    const first = answeredLast;
    for (;;) {
      const at = (first + errors.length) % asks.length;
      const ask = asks[at] as (question: Q) => Promise<A>;
      try {
        const answer = await ask(errors.length === 0 ? question : onward(question));
        answeredLast = at;
        return answer;
      } catch (error) {
        errors.push(error);
        if (question.signal.aborted) throw error;
        if (errors.length === asks.length) throw together(errors);
        reportError?.(error);
      }
    }
  };
}

function together(errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : new Error(errors.map(describeError).join('; '));
}

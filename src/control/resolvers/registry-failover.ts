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
  let answeredLast = 0;
  return async (question) => {
    const { signal, clock } = question;
    const errors: unknown[] = [];
    // Of this question alone: another one may be under way, and must not make it skip an address.
    const first = answeredLast;
    for (;;) {
      const at = (first + errors.length) % requesters.length;
      try {
        const reply = await askRegistry(
          requesters[at] as RegistryRequester,
          errors.length === 0 ? question : { timeoutMs, signal, clock },
        );
        answeredLast = at;
        return reply;
      } catch (error) {
        errors.push(error);
        if (signal.aborted) throw error;
        if (errors.length === requesters.length) throw together(errors);
        reportError?.(error);
      }
    }
  };
}

function together(errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : new Error(errors.map(describeError).join('; '));
}

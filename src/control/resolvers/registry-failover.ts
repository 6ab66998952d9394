/** Several addresses of one registry, asked in turn: the one that answered last is asked first. */

import { describeError } from '../../core/errors.js';
import { askRegistry, type AskRegistry, type RegistryRequester } from './registry-request.js';

export interface FailoverOptions {
  /** For each address but the first. */
  readonly timeoutMs: number;
  /** An address could not be asked, and the next one is. */
  readonly reportError: (error: unknown) => void;
}

/**
 * The first answer that any address gives. Only the first one is asked the very question: another's index and entity
 * tag mean nothing to the next, which is asked for what it knows now.
 *
 * The answer rejects with an error that says for each address what went wrong.
 */
export function askInTurn(
  requesters: readonly RegistryRequester[],
  { timeoutMs, reportError }: FailoverOptions,
): AskRegistry {
  let current = 0;
  return async (question) => {
    const { signal, clock } = question;
    const errors: unknown[] = [];
    for (;;) {
      try {
        return await askRegistry(
          requesters[current] as RegistryRequester,
          errors.length === 0 ? question : { timeoutMs, signal, clock },
        );
      } catch (error) {
        errors.push(error);
        if (signal.aborted) throw error;
        current = (current + 1) % requesters.length;
        if (errors.length === requesters.length) throw together(errors);
        reportError(error);
      }
    }
  };
}

function together(errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : new Error(errors.map(describeError).join('; '));
}

import type { Clock } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import { retryAfterOf } from '../discovery/retry-after-of.js';
import { RegistryFailure } from './registry-failure.js';

/**
 * One address that is not asked before the time that its last refusal named, whoever wants to: a refresh after failed
 * connections, a new stream, another address that failed. Such a question fails at once, with what was said then.
 */
export function heedRetryAfter<Q extends { readonly clock?: Clock }, A>(
  ask: (question: Q) => Promise<A>,
): (question: Q) => Promise<A> {
  let peace: { readonly untilMs: number; readonly words: string } | undefined;
  return async (question) => {
    const { clock } = question;
    if (clock === undefined) return await ask(question);
    const leftMs = peace === undefined ? 0 : peace.untilMs - clock.now();
    if (peace !== undefined && leftMs > 0) {
      const seconds = Math.ceil(leftMs / 1_000);
      throw new RegistryFailure(`${peace.words}; it is to be left in peace for ${seconds} s more`, leftMs);
    }
    peace = undefined;
    try {
      return await ask(question);
    } catch (error) {
      const wantedMs = retryAfterOf(error);
      if (wantedMs !== undefined) peace = { untilMs: clock.now() + wantedMs, words: describeError(error) };
      throw error;
    }
  };
}

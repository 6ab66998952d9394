/** A resolver whose answers a test gives by hand, at the moment it chooses. */

import type { EndpointInput } from '../core/endpoint.js';
import type { Receiver, ResolverAnswer, Watcher } from '../core/resolver.js';

export interface ManualResolver extends Watcher {
  /** Pushes a full set to everybody who watches, and to everybody who will, until the next one. */
  set(endpoints: readonly EndpointInput[], options?: Omit<ResolverAnswer, 'endpoints'>): void;
  /** Reports "could not ask". Who watches later gets the last set, if there is one, and then this error. */
  fail(error: unknown): void;
  /** How many watch now. */
  readonly watchers: number;
}

/** @param initial the first set; without it, nothing is known until {@link ManualResolver.set}. */
export function createManualResolver(initial?: readonly EndpointInput[]): ManualResolver {
  const receivers = new Set<Receiver>();
  let answer: ResolverAnswer | undefined = initial && { endpoints: [...initial] };
  let failure: { readonly error: unknown } | undefined;

  return {
    kind: 'manual',
    watch(receiver, { signal }) {
      if (signal.aborted) return;
      receivers.add(receiver);
      signal.addEventListener('abort', () => receivers.delete(receiver), { once: true });
      if (answer !== undefined) receiver.update(answer);
      if (failure !== undefined) receiver.error(failure.error);
    },
    set(endpoints, options) {
      failure = undefined;
      answer = { ...options, endpoints: [...endpoints] };
      for (const receiver of [...receivers]) receiver.update(answer);
    },
    fail(error) {
      failure = { error };
      for (const receiver of [...receivers]) receiver.error(error);
    },
    get watchers() {
      return receivers.size;
    },
  };
}

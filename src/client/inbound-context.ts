/**
 * The request that a call serves, found without being handed over: whoever receives a request runs its handler with the
 * request's headers, and every call from in there knows them, however deep it is made and whatever it awaits.
 *
 * Nothing is stored, and no call looks for anything, in a process that never asks for it.
 */

import { AsyncLocalStorage } from 'node:async_hooks';

import { systemClock } from '../core/clock.js';
import { toldBy, type PropagationSettings, type Told } from '../data/propagation.js';
import type { InboundHeaders } from './options.js';

interface InboundRequest {
  readonly headers: InboundHeaders;
  /** On the platform's clock, whatever clock a client has. */
  readonly receivedAtMs: number;
}

/** Shared by every copy of the library in a process: a framework's plugin and its application may each have one. */
const STORAGE: unique symbol = Symbol.for('fairlead.inbound') as never;
const shared = globalThis as { [STORAGE]?: AsyncLocalStorage<InboundRequest> };

/**
 * Runs `handler`, in which every call of any client is made on behalf of the request with these headers, as if each had
 * them as its `init.fairlead.inbound`; what it starts and does not wait for, too. The time that they may name
 * counts from here. A call with an `inbound` of its own goes by that; `inbound: {}` is for work on nobody's behalf.
 *
 * @param headers as `node:http` or fetch give them
 * @returns what `handler` returns
 */
export function runWithInbound<T>(headers: InboundHeaders, handler: () => T): T {
  shared[STORAGE] ??= new AsyncLocalStorage();
  return shared[STORAGE].run({ headers, receivedAtMs: systemClock.now() }, handler);
}

/** What a call is told by the request that it serves; undefined when it serves none. */
export function toldByInbound(own: InboundHeaders | undefined, settings: PropagationSettings): Told | undefined {
  if (own !== undefined) return toldBy(own, settings);
  const request = shared[STORAGE]?.getStore();
  if (request === undefined) return undefined;
  const { noRetry, remainingMs } = toldBy(request.headers, settings);
  if (remainingMs === undefined) return noRetry ? { noRetry, remainingMs } : undefined;
  return { noRetry, remainingMs: remainingMs - (systemClock.now() - request.receivedAtMs) };
}

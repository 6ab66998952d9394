/**
 * Puts an observer between a caller's handler and the platform, so that an attempt learns when its request left, what
 * came back and when the body ended, without touching the Response.
 *
 * Every dispatch needs a wrapper of its own. A failover hands the same caller's handler to a second wrapper: the
 * handler hears of no exchange until one has started, and then of that one alone.
 */

import type { DispatchHandler } from './dispatcher-like.js';
import type { ExchangeObserver } from './exchange-observer.js';
import { shapeOf } from './handler-shape.js';
import { LegacyExchange } from './legacy-exchange.js';
import { ModernExchange } from './modern-exchange.js';

/** The result has the generation of `handler`. */
export function observeExchange(handler: DispatchHandler, observer: ExchangeObserver): DispatchHandler {
  return shapeOf(handler) === 'legacy' ? new LegacyExchange(handler, observer) : new ModernExchange(handler, observer);
}

/** The request of an active health check: one GET to one endpoint, over connections that calls do not share. */

import type { Endpoint } from '../core/endpoint.js';
import { linkSignal } from '../kit/link-signal.js';
import { targetOf } from './target.js';
import type { Connections } from './transport/connections.js';
import type { ExchangeObserver } from './transport/exchange-observer.js';
import type { ResponseSink } from './transport/fetch-connections.js';
import type { ExchangeController, ModernHandler } from './transport/handler-shape.js';

/** Resolves when the endpoint answered with 200 to 299; rejects with the reason otherwise. */
export function askHealth(
  connections: Connections,
  endpoint: Endpoint,
  { origin, path }: { readonly origin: string; readonly path: string },
  signal: AbortSignal,
): Promise<void> {
  const target = targetOf(endpoint, origin);
  if (target.refusal !== undefined) return Promise.reject(new Error(target.refusal));
  const exchange = new HealthExchange();
  const unlink = linkSignal(signal, (reason) => exchange.abort(reason));
  const options = {
    origin,
    path,
    method: 'GET',
    headers: { 'user-agent': 'fairlead-health-check' },
  };
  connections.send(endpoint, target, options, exchange, exchange);
  return exchange.over.finally(unlink);
}

/** Handler and sink at once: either kind of connections may carry it. */
class HealthExchange implements ModernHandler, ResponseSink, ExchangeObserver {
  readonly takesResponse = true as const;
  readonly over: Promise<void>;
  private settle!: () => void;
  private fail!: (error: unknown) => void;
  private abortExchange: ((reason: unknown) => void) | undefined;
  private reason: unknown;

  constructor() {
    this.over = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
  }

  abort(reason: unknown): void {
    this.reason = reason;
    this.fail(reason);
    this.abortExchange?.(reason);
  }

  started(abort: (reason?: unknown) => void): void {
    this.abortExchange = abort;
    if (this.reason !== undefined) abort(this.reason);
  }

  bodySent(): void {}

  responded(status: number): void {
    if (status >= 200 && status < 300) this.settle();
    else this.fail(new Error(`answered ${status}`));
  }

  ended(): void {}

  failed(error: unknown): boolean {
    this.fail(error);
    return false;
  }

  resolve(response: Response): void {
    void response.body?.cancel().catch(() => {});
  }

  onError(error: unknown): void {
    this.fail(error);
  }

  onRequestStart(_controller: ExchangeController): void {}

  onResponseError(_controller: ExchangeController | null | undefined, error: unknown): void {
    this.fail(error);
  }
}

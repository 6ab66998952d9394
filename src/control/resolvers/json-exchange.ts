/**
 * One question to a registry and its answer in JSON, distrustful: bounded in time, size and depth. Where it goes, and
 * what errors about it show: registry-exchange.ts.
 */

import type { Clock } from '../../core/clock.js';
import { readCapped } from '../../kit/read-capped.js';
import { parseJson } from '../../kit/safe-json.js';
import { askOnce } from '../discovery/ask-once.js';
import { discardBody, registryExchange, type RegistryExchange, type RegistryRequest } from './registry-exchange.js';

export { requestHeaders } from './registry-exchange.js';
export type { HeaderSource } from './registry-exchange.js';

export interface JsonRequest<T> extends RegistryRequest {
  readonly maxBytes: number;
  /** How many arrays and objects may stand within each other. @default 64 */
  readonly maxDepth?: number;
  /** Of the last answer: an unchanged one need not be sent again. `read` then gets status 304. */
  readonly etag?: string | undefined;
  /** Which statuses besides 200 are answers, and no failures. @default none */
  readonly accepts?: (status: number) => boolean;
  /** Reads the answer; may throw. Without status 200 there is no body. */
  read(body: unknown, response: { readonly status: number; readonly headers: Headers }): T;
}

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** @throws Error that names the registry, and says what went wrong */
export async function exchangeJson<T>(
  request: JsonRequest<T>,
  { timeoutMs, signal, clock }: ExchangeOptions,
): Promise<T> {
  const { etag, openHeaders } = request;
  const exchange = registryExchange(
    etag === undefined ? request : { ...request, openHeaders: { ...openHeaders, 'if-none-match': etag } },
  );
  try {
    return await askOnce((askSignal) => askJson(exchange, request, askSignal), { timeoutMs, signal, clock });
  } catch (error) {
    throw exchange.failure(error);
  }
}

async function askJson<T>(exchange: RegistryExchange, request: JsonRequest<T>, signal: AbortSignal): Promise<T> {
  const { response, refuseFailure } = await exchange.send(signal);
  const { status } = response;
  try {
    if ((status === 304 && request.etag !== undefined) || (status !== 200 && request.accepts?.(status) === true)) {
      return request.read(undefined, response);
    }
    await refuseFailure();
    refuseNoJson(response);
    const source = response as { body: AsyncIterable<Uint8Array> | null };
    return request.read(parseJson(await readCapped(source, request.maxBytes), request.maxDepth), response);
  } finally {
    discardBody(response);
  }
}

function refuseNoJson({ headers }: Response): void {
  const contentType = headers.get('content-type') ?? 'none';
  if (!/^application\/(?:[\w.!#$&^-]+\+)?json *(?:;|$)/i.test(contentType)) {
    throw new Error(`the content type is no JSON: ${contentType.slice(0, 100)}`);
  }
}

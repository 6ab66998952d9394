/** One request to an HTTP registry for its endpoints. */

import type { Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
import { exchangeJson, type JsonRequest } from './json-exchange.js';

export { requestHeaders } from './json-exchange.js';
export type { HeaderSource } from './json-exchange.js';

export interface RegistryRequester extends Pick<
  JsonRequest<unknown>,
  'fetch' | 'url' | 'headers' | 'maxBytes' | 'maxDepth' | 'quoteFailures' | 'openQuery'
> {
  parse(body: unknown, response: { readonly headers: Headers }): readonly EndpointInput[];
}

export interface RegistryQuestion {
  /** Of the last answer: an unchanged one need not be sent again. */
  readonly etag?: string | undefined;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Sent besides the requester's; not secret. */
  readonly openHeaders?: Readonly<Record<string, string>>;
  /** The registry may take its time, so that silence says nothing yet. @default false */
  readonly held?: boolean;
  /** Where several addresses are asked: one could not be, and others are. */
  readonly reportError?: ((error: unknown) => void) | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface RegistryReply {
  /** Undefined when nothing changed since the answer with the given entity tag. */
  readonly endpoints: readonly EndpointInput[] | undefined;
  readonly headers: Headers;
}

export type AskRegistry = (question: RegistryQuestion) => Promise<RegistryReply>;

/** @throws Error that names the registry, and says what went wrong */
export function askRegistry(requester: RegistryRequester, question: RegistryQuestion): Promise<RegistryReply> {
  const { etag, parameters = {}, openHeaders = {} } = question;
  return exchangeJson<RegistryReply>(
    {
      ...requester,
      etag,
      parameters,
      openHeaders,
      read: (body, { status, headers }) => ({
        endpoints: status === 304 ? undefined : requester.parse(body, { headers }),
        headers,
      }),
    },
    question,
  );
}

/**
 * What a resolver says, checked. Resolvers are written by others and repeat what registries say, so nothing about an
 * answer is taken for granted: a wrong shape is "could not ask", one bad endpoint among good ones is left out and
 * reported, and neither ever crashes a client or passes for "nobody serves this".
 */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import { describeValue } from '../../kit/option-error.js';
import { normalizeEndpoint } from './normalize-endpoint.js';
import type { Known } from './same-endpoints.js';

/** An input that was left out, and why. */
export interface Refusal {
  readonly input: string;
  readonly reason: string;
}

export interface CheckedAnswer {
  /** Distinct ids, frozen. */
  readonly endpoints: readonly Endpoint[];
  /** The same, by id. */
  readonly byId: Known;
  readonly refused: readonly Refusal[];
  /** Not negative and finite; undefined when the answer states none. */
  readonly ttlMs: number | undefined;
  readonly authoritative: boolean;
}

/** More endpoints than any client should hold at once: such an answer is a mistake of the source. */
export const MAX_ENDPOINTS = 10_000;

/**
 * @param known those of the last answer, by id: what is said of them again is not made anew
 * @throws Error when the answer has a wrong shape, is too long, or no endpoint of it can be used: could not ask.
 */
export function readAnswer(answer: unknown, known?: Known): CheckedAnswer {
  if (typeof answer !== 'object' || answer === null) {
    throw new Error(`the resolver must answer { endpoints: [...] }, it answered ${describeValue(answer)}`);
  }
  const { endpoints: inputs, ttlMs, authoritative } = answer as Record<string, unknown>;
  if (!Array.isArray(inputs)) {
    throw new Error(`the resolver must answer { endpoints: [...] }, its endpoints are ${describeValue(inputs)}`);
  }
  if (inputs.length > MAX_ENDPOINTS) {
    throw new Error(`the resolver answered ${inputs.length} endpoints, more than ${MAX_ENDPOINTS}`);
  }

  const endpoints = new Map<string, Endpoint>();
  const refused: Refusal[] = [];
  for (const input of inputs as EndpointInput[]) {
    const endpoint = normalizeEndpoint(input, known);
    if (typeof endpoint === 'string') refused.push({ input: describeInput(input), reason: endpoint });
    else if (endpoints.has(endpoint.id)) {
      refused.push({ input: describeInput(input), reason: `another endpoint has the id ${endpoint.id}` });
    } else endpoints.set(endpoint.id, endpoint);
  }
  const [first] = refused;
  if (first !== undefined && endpoints.size === 0) {
    throw new Error(`no endpoint of the answer can be used (${inputs.length}); ${first.input}: ${first.reason}`);
  }
  return {
    endpoints: Object.freeze([...endpoints.values()]),
    byId: endpoints,
    refused,
    ttlMs: typeof ttlMs === 'number' && ttlMs >= 0 && ttlMs < Infinity ? ttlMs : undefined,
    authoritative: authoritative === true,
  };
}

/** An input as a message may show it: short, and without the user and password that a URL may carry. */
export function describeInput(input: unknown): string {
  if (typeof input === 'string') return describeValue(input.replace(/\/\/[^/]*@/, '//***@'));
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, 'host')) return describeValue(input);
  const { host, port } = input as { host: unknown; port?: unknown };
  return port === undefined ? describeValue(host) : `${describeValue(host)} port ${describeValue(port)}`;
}

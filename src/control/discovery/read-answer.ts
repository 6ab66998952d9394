/**
 * What a resolver says, checked. Resolvers are written by others and repeat what registries say, so nothing about an
 * answer is taken for granted: a wrong shape is "could not ask", one bad endpoint among good ones is left out and
 * reported, and neither ever crashes a client or passes for "nobody serves this".
 */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import { describeValue } from '../../kit/option-error.js';
import { normalizeEndpoint } from './normalize-endpoint.js';
import { createRecognizer } from './recognizer.js';
import { byId as mapById, NOBODY_KNOWN, type Known } from './same-endpoints.js';

/** An input that was left out, and why. */
export interface Refusal {
  readonly input: string;
  readonly reason: string;
}

export interface CheckedAnswer {
  /** Distinct ids, frozen. */
  readonly endpoints: readonly Endpoint[];
  /** The same, and how to find them; the very object that was given as known when the answer repeats it. */
  readonly known: Known;
  readonly refused: readonly Refusal[];
  /** Not negative and finite; undefined when the answer states none. */
  readonly ttlMs: number | undefined;
  readonly authoritative: boolean;
}

/** More endpoints than any client should hold at once: such an answer is a mistake of the source. */
export const MAX_ENDPOINTS = 10_000;

/**
 * @param known those of the last answer: what is said of them again is not made anew
 * @throws Error when the answer has a wrong shape, is too long, or no endpoint of it can be used: could not ask.
 */
export function readAnswer(answer: unknown, known: Known = NOBODY_KNOWN): CheckedAnswer {
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

  const { found, refused } = readInputs(inputs as EndpointInput[], known);
  const [first] = refused;
  if (first !== undefined && found.list.length === 0) {
    throw new Error(`no endpoint of the answer can be used (${inputs.length}); ${first.input}: ${first.reason}`);
  }
  return {
    endpoints: found.list,
    known: found,
    refused,
    ttlMs: typeof ttlMs === 'number' && ttlMs >= 0 && ttlMs < Infinity ? ttlMs : undefined,
    authoritative: authoritative === true,
  };
}

function readInputs(
  inputs: readonly EndpointInput[],
  known: Known,
): { readonly found: Known; readonly refused: readonly Refusal[] } {
  const refused: Refusal[] = [];
  const list: Endpoint[] = [];
  const named = new Set<Endpoint>();
  // Not until the answer departs from the known list, whose ids are distinct.
  let byId: Map<string, Endpoint> | undefined;
  const recognizer = known.list.length === 0 ? undefined : createRecognizer(known);
  for (const input of inputs) {
    const endpoint = normalizeEndpoint(input, recognizer);
    if (typeof endpoint === 'string') {
      refused.push({ input: describeInput(input), reason: endpoint });
      continue;
    }
    if (byId !== undefined || recognizer?.inOrder !== list.length + 1) {
      byId ??= mapById(list);
      if (byId.has(endpoint.id)) {
        refused.push({ input: describeInput(input), reason: `another endpoint has the id ${endpoint.id}` });
        continue;
      }
      byId.set(endpoint.id, endpoint);
    }
    list.push(endpoint);
    if (typeof input === 'object' && input.id !== undefined) named.add(endpoint);
  }
  const isRepeated = byId === undefined && list.length === known.list.length;
  return { found: isRepeated ? known : { list: Object.freeze(list), byId: byId ?? mapById(list), named }, refused };
}

/** An input as a message may show it: short, and without the user and password that a URL may carry. */
export function describeInput(input: unknown): string {
  if (typeof input === 'string') return describeValue(input.replace(/\/\/[^/]*@/, '//***@'));
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, 'host')) return describeValue(input);
  const { host, port } = input as { host: unknown; port?: unknown };
  return port === undefined ? describeValue(host) : `${describeValue(host)} port ${describeValue(port)}`;
}

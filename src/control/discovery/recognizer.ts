/**
 * Finds the known endpoint that an input describes again. Most answers repeat the one before, and ten thousand endpoints
 * made anew are as much work for the garbage collector as for whoever checks them.
 *
 * Answers mostly keep their order, so the endpoint that stood next in the last one is compared first: neither an id nor a
 * hash is computed then. What is elsewhere is found by its id.
 */

import type { Endpoint, Scheme } from '../../core/endpoint.js';
import { defaultId } from './default-id.js';
import type { EndpointFields } from './endpoint-fields.js';
import { NO_METADATA } from './endpoint-metadata.js';
import type { Known } from './same-endpoints.js';

export interface Recognizer {
  /** The known endpoint of which every field says the same: it was checked when it was new. */
  recognize(fields: EndpointFields): Endpoint | undefined;
  /** How many inputs so far were the known endpoints from the first on, in their order and without a gap. */
  readonly inOrder: number;
}

/** For one answer. */
export function createRecognizer(known: Known): Recognizer {
  return new OrderedRecognizer(known);
}

class OrderedRecognizer implements Recognizer {
  inOrder = 0;
  private readonly known: Known;
  /** Where the next one stands in the last answer, if nothing was put in or taken out. */
  private next = 0;
  private isInOrder = true;
  /** How far may be looked ahead in all: an answer in an order of its own costs not more than a second look at the list. */
  private steps: number;

  constructor(known: Known) {
    this.known = known;
    this.steps = known.list.length;
  }

  recognize(fields: EndpointFields): Endpoint | undefined {
    const { list, named, byId } = this.known;
    const next = list[this.next];
    if (next !== undefined && isSameId(fields.id, next, named) && saysTheSame(fields, next)) {
      this.next++;
      if (this.isInOrder) this.inOrder++;
      return next;
    }
    this.isInOrder = false;
    const endpoint = byId.get((fields.id ?? usualId(fields)) as string);
    if (endpoint === undefined || !saysTheSame(fields, endpoint)) return undefined;
    this.lookAhead(endpoint);
    return endpoint;
  }

  /** Some have gone from the list, or changed: whoever comes next stands behind this one. */
  private lookAhead(endpoint: Endpoint): void {
    const { list } = this.known;
    let at = this.next;
    while (this.steps > 0 && at < list.length && list[at] !== endpoint) {
      at++;
      this.steps--;
    }
    if (list[at] === endpoint) this.next = at + 1;
  }
}

/** @param id as it was given */
function isSameId(id: unknown, endpoint: Endpoint, named: ReadonlySet<Endpoint>): boolean {
  return id === undefined ? named.size === 0 || !named.has(endpoint) : id === endpoint.id;
}

function saysTheSame(fields: EndpointFields, endpoint: Endpoint): boolean {
  const { basePath, weight, priority } = fields;
  return (
    endpoint.host === fields.host &&
    endpoint.port === fields.port &&
    endpoint.scheme === fields.scheme &&
    endpoint.basePath === (basePath === undefined ? '' : basePath) &&
    endpoint.weight === (weight === undefined ? 1 : weight) &&
    endpoint.priority === (priority === undefined ? 0 : priority) &&
    endpoint.region === fields.region &&
    endpoint.zone === fields.zone &&
    endpoint.hostname === fields.hostname &&
    isSameMetadata(fields.metadata, endpoint.metadata)
  );
}

/** Undefined when there can be none; whoever checks the fields then says why. */
function usualId({ host, port, scheme, basePath = '' }: EndpointFields): string | undefined {
  if (typeof host !== 'string' || typeof basePath !== 'string') return undefined;
  if (port !== undefined && typeof port !== 'number') return undefined;
  if (scheme !== undefined && typeof scheme !== 'string') return undefined;
  return defaultId(scheme as Scheme | undefined, host, port, basePath);
}

function isSameMetadata(value: unknown, metadata: Endpoint['metadata']): boolean {
  if (value === undefined || value === metadata) return value === undefined ? metadata === NO_METADATA : true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  for (const key of keys) if (metadata[key] !== (value as Record<string, unknown>)[key]) return false;
  return keys.length === Object.keys(metadata).length;
}

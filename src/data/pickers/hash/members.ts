/**
 * Who takes part in a choice by hash, in an order that every client comes to by itself, whatever order discovery tells
 * them in: by the name that stands for the endpoint.
 *
 * The name is `metadata.hash_key` where there is one (Envoy's `envoy.lb.hash_key`, gRFC A76): the name of a stateful
 * pod, say, so that its keys follow it to another address. Otherwise it is `host:port`, as with Envoy and gRPC, and where that
 * is not all (a base path, no port) or not unique, the endpoint's id.
 */

import { isIPv6 } from 'node:net';

import type { Endpoint } from '../../../core/endpoint.js';

export interface Members {
  readonly endpoints: readonly Endpoint[];
  /** Indices into `endpoints`, in order of name. */
  readonly order: Int32Array;
  /** In that order. */
  readonly names: readonly string[];
  /** weight / sum of weights, in that order. */
  readonly shares: Float64Array;
  readonly equal: boolean;
  /** Nobody is called by its id because another one has the same name. */
  readonly distinct: boolean;
}

/** The key in an endpoint's metadata that names it for hashing. */
export const HASH_KEY = 'hash_key';

export function membersOf(endpoints: readonly Endpoint[]): Members {
  const { names, distinct } = hashNames(endpoints);
  const order = new Int32Array(names.length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  order.sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1));
  return withShares({ endpoints, order, names: Array.from(order, (index) => names[index] as string), distinct });
}

/** Members whose order and names are known. */
export function withShares(members: Omit<Members, 'shares' | 'equal'>): Members {
  const { endpoints, order } = members;
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  const shares = new Float64Array(order.length);
  let equal = true;
  for (let position = 0; position < shares.length; position++) {
    const { weight } = endpoints[order[position] as number] as Endpoint;
    const share = total === 0 ? 1 / shares.length : weight / total;
    shares[position] = share;
    equal &&= share === shares[0];
  }
  return { ...members, shares, equal };
}

function hashNames(endpoints: readonly Endpoint[]): { readonly names: string[]; readonly distinct: boolean } {
  const taken = new Set<string>();
  const names = endpoints.map((endpoint) => {
    const name = nameOf(endpoint);
    if (taken.has(name)) return endpoint.id;
    taken.add(name);
    return name;
  });
  return { names, distinct: taken.size === names.length };
}

/** Where nobody else has the same. */
export function nameOf({ id, host, port, basePath, metadata }: Endpoint): string {
  const given = metadata[HASH_KEY];
  if (given !== undefined && given !== '') return given;
  if (port === undefined || basePath !== '') return id;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

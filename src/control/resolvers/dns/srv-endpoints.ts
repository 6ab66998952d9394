/** SRV records (RFC 2782) as endpoints. */

import type { FoundAddress, FoundEndpoint } from './found-endpoint.js';

/** What is needed of a record; see `ServiceRecord`. */
export interface Service {
  /** The owner. */
  readonly name: string;
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
  readonly ttlSeconds: number;
}

/**
 * The share of a record with weight 0 among others. RFC 2782: such records "should have a very small chance of being
 * selected"; its algorithm gives one beside weights 10 and 30 a chance of 1 in 41, against whole weights from 1 up.
 */
const ZERO_WEIGHT = 0.01;

/** Beyond it an endpoint's priority may not go; SRV has 65536 levels. */
const MAX_PRIORITY = 127;

/** "A Target of "." means that the service is decidedly not available at this domain." (RFC 2782) */
export function isDecidedlyUnavailable(records: readonly Service[]): boolean {
  return records.length > 0 && records.every(({ target }) => target === '.');
}

/** One endpoint for each address of each target. The target's name goes into `metadata.target`: Host and TLS name stay logical. */
export function srvEndpoints(
  records: readonly Service[],
  addresses: ReadonlyMap<string, readonly FoundAddress[]>,
): FoundEndpoint[] {
  const weighted = records.some(({ weight }) => weight > 0);
  const priorityOf = priorities(records);
  // Two targets may share a machine. As a machine has one state of health, it is one endpoint, by the better record.
  const byAddress = new Map<string, FoundEndpoint>();
  for (const record of [...records].sort(byPreference)) {
    const { name, target, port, weight } = record;
    for (const found of addresses.get(target) ?? []) {
      const key = `${found.address} ${port}`;
      if (byAddress.has(key)) continue;
      byAddress.set(key, {
        endpoint: {
          host: found.address,
          port,
          weight: weighted ? weight || ZERO_WEIGHT : 1,
          priority: priorityOf(record),
          metadata: { target },
        },
        record: `SRV ${name} → ${found.record}`,
        server: found.server,
        ttlMs: Math.min(record.ttlSeconds * 1_000, found.ttlMs ?? Infinity),
      });
    }
  }
  return [...byAddress.values()];
}

/** Equal records by name, since servers rotate them and an endpoint must not change its metadata with every answer. */
function byPreference(a: Service, b: Service): number {
  return a.priority - b.priority || b.weight - a.weight || (a.target < b.target ? -1 : 1);
}

/** As written, or by rank when somebody counts in thousands: only the order has a meaning. */
function priorities(records: readonly Service[]): (record: Service) => number {
  const levels = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  if ((levels.at(-1) ?? 0) <= MAX_PRIORITY) return ({ priority }) => priority;
  return ({ priority }) => Math.min(levels.indexOf(priority), MAX_PRIORITY);
}

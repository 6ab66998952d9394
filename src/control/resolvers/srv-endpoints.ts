/** SRV records (RFC 2782) as endpoints. */

import type { SrvRecord } from 'node:dns';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Address } from './dns-records.js';

/**
 * The share of a record with weight 0 among others. RFC 2782: such records "should have a very small chance of being
 * selected"; its algorithm gives one beside weights 10 and 30 a chance of 1 in 41, against whole weights from 1 up.
 */
const ZERO_WEIGHT = 0.01;

/** Beyond it an endpoint's priority may not go; SRV has 65536 levels. */
const MAX_PRIORITY = 127;

/** "A Target of "." means that the service is decidedly not available at this domain." (RFC 2782) */
export function isDecidedlyUnavailable(records: readonly SrvRecord[]): boolean {
  return records.length > 0 && records.every(({ name }) => name === '' || name === '.');
}

/** One endpoint for each address of each target. The target's name goes into `metadata.target`: Host and TLS name stay logical. */
export function srvEndpoints(
  records: readonly SrvRecord[],
  addresses: ReadonlyMap<string, readonly Address[]>,
): EndpointInput[] {
  const weighted = records.some(({ weight }) => weight > 0);
  const priorityOf = priorities(records);
  // Two targets may share a machine. As a machine has one state of health, it is one endpoint, by the better record.
  const byAddress = new Map<string, EndpointInput>();
  for (const record of [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight)) {
    for (const { address } of addresses.get(record.name) ?? []) {
      const key = `${address} ${record.port}`;
      if (byAddress.has(key)) continue;
      byAddress.set(key, {
        host: address,
        port: record.port,
        weight: weighted ? record.weight || ZERO_WEIGHT : 1,
        priority: priorityOf(record),
        metadata: { target: record.name },
      });
    }
  }
  return [...byAddress.values()];
}

/** As written, or by rank when somebody counts in thousands: only the order has a meaning. */
function priorities(records: readonly SrvRecord[]): (record: SrvRecord) => number {
  const levels = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  if ((levels.at(-1) ?? 0) <= MAX_PRIORITY) return ({ priority }) => priority;
  return ({ priority }) => Math.min(levels.indexOf(priority), MAX_PRIORITY);
}

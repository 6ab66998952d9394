/** A scenario for a machine that has seconds: the same situation with fewer clients and servers where there are many, and for a shorter while. */

import type { Scenario } from './scenario.js';

const FEW = 100;

export function quicker(scenario: Scenario): Scenario {
  const { clients, servers, measuredMs, warmUpMs, trouble, inShort } = scenario;
  if (inShort !== undefined) return inShort;
  return {
    ...scenario,
    clients: Math.min(clients, FEW),
    servers: servers.slice(0, FEW),
    warmUpMs: Math.min(warmUpMs, 1_000),
    // What happens over time needs its time.
    measuredMs: trouble === undefined ? Math.min(measuredMs, 2_000) : measuredMs,
  };
}

/** How the active checks of one service ask: by the user's own function, or over connections that calls do not share. */

import type { HealthCheckSettings } from '../control/health/health-check-settings.js';
import type { Endpoint } from '../core/endpoint.js';
import { askHealth } from '../data/health-request.js';
import type { Connections } from '../data/transport/connections.js';
import type { ServiceSettings } from './options.js';

export interface HealthAsker {
  readonly ask: (endpoint: Endpoint, own: HealthCheckSettings, signal: AbortSignal) => Promise<unknown>;
  /** The endpoint is gone. */
  drain(id: string): void;
  close(): void;
}

export function createHealthAsker(
  name: string,
  settings: ServiceSettings,
  connect: (settings: ServiceSettings) => Connections,
): HealthAsker {
  let connections: Connections | undefined;
  return {
    ask(endpoint, { check, path }, signal) {
      if (check !== undefined) return check(endpoint, { signal });
      connections ??= connect({ ...settings, transport: { ...settings.transport, maxConnections: 1 } });
      const origin = `http${settings.tls === undefined ? '' : 's'}://${name}`;
      return askHealth(connections, endpoint, { origin, path }, signal);
    },
    drain: (id) => connections?.drain(id),
    close: () => void connections?.close(),
  };
}

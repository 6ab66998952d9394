/** Opens connections before the first call needs one: what `client.ready()` does where `transport.prewarm` asks for it. */

import { targetOf } from '../data/target.js';
import type { Connections } from '../data/transport/connections.js';
import type { Endpoint } from '../core/endpoint.js';

/**
 * No call has named a scheme yet: an endpoint's own counts, else https where the service has `tls` options.
 * Never rejects.
 */
export async function prewarm(
  connections: Connections,
  endpoints: readonly Endpoint[],
  service: string,
  secure: boolean,
): Promise<void> {
  const opened = endpoints.map(async (endpoint) => {
    const scheme = endpoint.scheme ?? (secure ? 'https' : 'http');
    const { origin, host, refusal } = targetOf(endpoint, `${scheme}://${service}`);
    if (refusal === undefined) await connections.prewarm?.(endpoint, origin, host);
  });
  await Promise.all(opened);
}

/** The stage of the Consul scenarios. */

import type { ServiceOptions } from '../../src/client/options.js';
import { consulResolver, type ConsulResolverOptions } from '../../src/consul.js';
import { underTrafficOf, type Traffic } from './traffic.js';

/** As {@link underTrafficOf}, for a service that is known from Consul. */
export function underTraffic(
  options: ConsulResolverOptions & { readonly with?: Partial<ServiceOptions> },
  play: (traffic: Traffic) => Promise<void>,
): Promise<void> {
  const { with: service, ...consul } = options;
  return underTrafficOf({ resolver: consulResolver(consul), ...service }, play);
}

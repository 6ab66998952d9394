/** How a service comes by its connections. */

import type { Connections } from '../data/transport/connections.js';
import type { ServiceSettings } from './options.js';

/** Why an address must not be dialled; undefined when it may. */
export type AddressGate = (address: string, port: number | undefined) => string | undefined;

/** @param onGoAway an endpoint's server asks for no more requests (`leaves`), or takes them again */
export type ConnectService = (
  settings: ServiceSettings,
  refuse: AddressGate,
  service: string,
  onGoAway?: (id: string, leaves: boolean) => void,
) => Connections;

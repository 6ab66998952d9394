/**
 * The address gate for host names. It sits inside the connection's own lookup, so the address that was checked is the
 * address that is dialled: a name that resolves to something else a moment later gains nothing (DNS rebinding).
 */

import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { callError } from '../../core/errors.js';
import type { FairleadError } from '../../core/errors.js';
import { hostAndPort } from './dialled-place.js';

/** Says why an address must not be dialled; undefined when it may. `address` is an IP address without brackets, or a name, which only its port can rule out. */
export type RefuseAddress = (address: string, port: number | undefined) => string | undefined;

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/**
 * A `lookup` for `net.connect`: drops refused addresses, and fails when none is left.
 *
 * @param port undefined where it was checked already
 */
export function guardedLookup(port: number | undefined, refuseAddress: RefuseAddress): Lookup {
  return (hostname, options, callback) => {
    // Always all of them: a name with one refused and one good address is still reachable.
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      let refused = '';
      const allowed = addresses.filter(({ address }) => {
        const reason = refuseAddress(address, port);
        if (reason !== undefined) refused ||= `${hostname} (${address}): ${reason}`;
        return reason === undefined;
      });
      const first = allowed[0];
      if (first === undefined) return callback(addressRefused(refused || `${hostname} has no address`), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** By the origin alone: its port, and its host when that is an address. */
export function refusalOf(origin: string, refuse: RefuseAddress): string | undefined {
  const { host, port } = hostAndPort(origin);
  const reason = refuse(host, port);
  return reason === undefined ? undefined : `${host}: ${reason}`;
}

export function addressRefused(detail: string, service?: string): FairleadError {
  const where = service === undefined ? '' : `${service}: `;
  return callError('ERR_ADDRESS_REFUSED', `${where}the address policy refuses ${detail}`, { service });
}

/** As the rest of the machine resolves names: by /etc/hosts, mDNS and whatever nsswitch names. */

import { lookup } from 'node:dns/promises';
import type { Family } from './dns-records.js';

export type SystemLookup = (name: string, family: Family | undefined) => Promise<readonly string[]>;

/** NXDOMAIN and NODATA (RFC 2308 §2) as getaddrinfo names them. All else is a failure. */
const NEGATIVE_CODES: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/** None when the system does not know the name. @throws the error of getaddrinfo */
export const systemLookup: SystemLookup = async (name, family) => {
  try {
    return (await lookup(name, { all: true, family: family ?? 0 })).map(({ address }) => address);
  } catch (error) {
    if (NEGATIVE_CODES.has((error as { code?: unknown }).code)) return [];
    throw error;
  }
};

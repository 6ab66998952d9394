/**
 * Questions to DNS whose answers keep "there is none" and "could not ask" apart, which Node throws both.
 *
 * Node has no cache here and joins no questions, which is fine: the feed above has and does. It gives times to live for
 * A and AAAA, and for SRV in no version.
 */

import { lookup, type Resolver } from 'node:dns/promises';
import type { SrvRecord } from 'node:dns';

export interface Address {
  readonly address: string;
  /** Undefined where nobody says: the system's own lookup does not. */
  readonly ttlMs: number | undefined;
}

export type Family = 4 | 6;

/** NXDOMAIN and NODATA (RFC 2308 §2) as c-ares and getaddrinfo name them. All else (SERVFAIL, REFUSED, timeouts) is a failure. */
const NEGATIVE_CODES: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * The addresses of both families, or of the one asked for; empty when the name has none. One family that fails does not
 * matter while the other has addresses, but it does when the other has none: there could have been some.
 * @throws the error of c-ares
 */
export async function askAddresses(resolver: Resolver, name: string, family: Family | undefined): Promise<Address[]> {
  const families: Family[] = family === undefined ? [4, 6] : [family];
  const answers = await Promise.allSettled(
    families.map((each) =>
      noneIfNegative(each === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true })),
    ),
  );
  const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (records.length === 0 && failed !== undefined) throw failed.reason;
  return records.map(({ address, ttl }) => ({ address, ttlMs: ttl * 1_000 }));
}

/** @throws the error of c-ares */
export function askServices(resolver: Resolver, name: string): Promise<SrvRecord[]> {
  return noneIfNegative(resolver.resolveSrv(name));
}

/** As the rest of the machine resolves names: by /etc/hosts, search domains and whatever nsswitch names. @throws the error of getaddrinfo */
export async function askSystem(name: string, family: Family | undefined): Promise<Address[]> {
  const found = await noneIfNegative(lookup(name, { all: true, family: family ?? 0 }));
  return found.map(({ address }) => ({ address, ttlMs: undefined }));
}

async function noneIfNegative<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question;
  } catch (error) {
    if (NEGATIVE_CODES.has((error as { code?: unknown }).code)) return [];
    throw error;
  }
}

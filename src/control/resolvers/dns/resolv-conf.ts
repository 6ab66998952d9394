/**
 * What the system says about name servers, in the file of resolv.conf(5): who they are, which domains short names are
 * tried in, and how patient to be. Kubernetes tells a pod all of this by nothing else.
 */

import { getServers } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { canonicalHost } from '../../../kit/host-syntax.js';
import { parseNameServer, type NameServer } from './name-server.js';

export interface SystemDns {
  readonly servers: readonly NameServer[];
  readonly search: readonly string[];
  /** A name with fewer dots is tried in the search domains first. */
  readonly ndots: number;
  /** Undefined where the file does not say. */
  readonly timeoutMs: number | undefined;
  readonly tries: number | undefined;
  readonly rotate: boolean;
}

/** The limits of glibc (resolv.conf(5)). */
const MAX_NDOTS = 15;
const MAX_TIMEOUT_S = 30;
const MAX_ATTEMPTS = 5;

/** Lines that make no sense are passed over, as the system does. */
export function parseResolvConf(text: string): SystemDns {
  const servers: NameServer[] = [];
  let search: string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...values] = line
      .replace(/(?:^|\s)[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') {
      const server = parseNameServer(values[0] ?? '');
      if (server !== undefined) servers.push(server);
    }
    // "If more than one instance of these keywords is present, the last instance wins."
    if (keyword === 'search' || keyword === 'domain') {
      search = values.flatMap((domain) => canonicalHost(domain) ?? []);
    }
    if (keyword === 'options') {
      for (const option of values) {
        const [, name, number = '0'] = /^([a-z-]+)(?::(\d{1,9}))?$/.exec(option) ?? [];
        if (name !== undefined) options.set(name, Number(number));
      }
    }
  }
  const timeout = options.get('timeout');
  const attempts = options.get('attempts');
  return {
    servers,
    search,
    ndots: Math.min(options.get('ndots') ?? 1, MAX_NDOTS),
    timeoutMs: timeout === undefined ? undefined : Math.min(Math.max(timeout, 1), MAX_TIMEOUT_S) * 1_000,
    tries: attempts === undefined ? undefined : Math.min(Math.max(attempts, 1), MAX_ATTEMPTS),
    rotate: options.has('rotate'),
  };
}

/** Read for every question: a VPN or a DHCP lease changes it, and a container's may be mounted late. */
export async function readSystemDns(): Promise<SystemDns> {
  let text = '';
  try {
    text = await readFile('/etc/resolv.conf', 'utf8');
  } catch {
    // Not a Unix, or no such file: Node knows the servers from elsewhere.
  }
  const found = parseResolvConf(text);
  if (found.servers.length > 0) return found;
  return { ...found, servers: getServers().flatMap((server) => parseNameServer(server) ?? []) };
}

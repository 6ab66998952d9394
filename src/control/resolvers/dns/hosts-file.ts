/**
 * The names of hosts(5), read directly: what can be known while no name server answers, without `getaddrinfo`, which
 * would ask those very servers and hold a thread of the process meanwhile.
 */

import { readFile } from 'node:fs/promises';
import { canonicalHost } from '../../../kit/host-syntax.js';
import { isIpLiteral } from '../../../kit/ip-address.js';

/** The addresses of a canonical name, both families; none when the file does not name it. Never rejects. */
export type HostsFile = (name: string) => Promise<readonly string[]>;

const WINDOWS_PATH = 'System32\\drivers\\etc\\hosts';

export function addressesIn(text: string, name: string): string[] {
  const found = text.split(/\r?\n/).flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    const host = isIpLiteral(address) ? canonicalHost(address) : undefined;
    return host !== undefined && names.some((each) => canonicalHost(each) === name) ? [host] : [];
  });
  return [...new Set(found)];
}

export const hostsFile: HostsFile = async (name) => {
  const { SystemRoot: windows } = process.env;
  const path = process.platform === 'win32' ? `${windows ?? 'C:\\Windows'}\\${WINDOWS_PATH}` : '/etc/hosts';
  try {
    return addressesIn(await readFile(path, 'utf8'), name);
  } catch {
    return [];
  }
};

/** Knot DNS: an authoritative server whose zones change while it runs. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureDebianServer } from './debian-packages.js';
import { startDnsServer, type DnsServer } from './dns-server.js';

export interface Knot extends DnsServer {
  /**
   * Replaces all records of one type of one name, at once and in one step; no data removes them.
   *
   * @param owner relative to the zone: `'a'`, `'_http._tcp.svc'`, `'@'`
   */
  setRecords(zone: string, owner: string, type: RecordType, ttlSeconds: number, data: readonly string[]): Promise<void>;
  /** SIGKILL, and a start with the same zones without a record in them, as from a lost disk. */
  restartEmpty(): Promise<void>;
}

export type RecordType = 'A' | 'AAAA' | 'SRV' | 'CNAME' | 'TXT';

export interface KnotOptions {
  /** Zones and their records as in a zone file, for example `{ test: ['a 5 A 127.0.0.1', '_http._tcp.svc 3 SRV 10 60 80 a'] }`. */
  readonly zones: Readonly<Record<string, readonly string[]>>;
  /** Zones that answer SERVFAIL. */
  readonly brokenZones?: readonly string[];
}

/** @throws ServerUnavailableError */
export async function startKnot({ zones, brokenZones = [] }: KnotOptions): Promise<Knot> {
  const names = Object.keys(zones);
  let home = '';
  const dns = await startDnsServer({
    server: ensureDebianServer('knot'),
    program: 'knotd',
    probe: names[0] ?? brokenZones[0] ?? 'nothing',
    async configure(folder, port) {
      home = folder;
      for (const part of ['run', 'db', 'zones']) await mkdir(join(folder, part), { recursive: true });
      for (const [name, records] of Object.entries(zones)) {
        await writeFile(join(folder, 'zones', `${name}.zone`), zoneFile(name, records));
      }
      const path = join(folder, 'knot.conf');
      await writeFile(path, configuration(folder, port, [...names, ...brokenZones]));
      return { args: ['-c', path], control: ['knotc', '-s', join(folder, 'run/knot.sock')] };
    },
  });

  return Object.assign(dns, {
    async restartEmpty() {
      await dns.kill();
      await rm(join(home, 'db'), { recursive: true, force: true });
      await mkdir(join(home, 'db'));
      for (const name of names) await writeFile(join(home, 'zones', `${name}.zone`), zoneFile(name, []));
      await dns.restart();
    },
    async setRecords(zone: string, owner: string, type: RecordType, ttlSeconds: number, data: readonly string[]) {
      await dns.control('zone-begin', zone);
      try {
        // There may be nothing to remove yet.
        await dns.control('zone-unset', zone, owner, type).catch(() => {});
        for (const item of data) {
          await dns.control('zone-set', zone, owner, String(ttlSeconds), type, ...item.split(' '));
        }
        await dns.control('zone-commit', zone);
      } catch (error) {
        await dns.control('zone-abort', zone);
        throw error;
      }
    },
  });
}

/** The negative answers of these zones live for a second. */
function zoneFile(name: string, records: readonly string[]): string {
  return [
    `$ORIGIN ${name}.`,
    '$TTL 5',
    `@ 3600 SOA ns.${name}. hostmaster.${name}. 1 3600 600 86400 1`,
    '@ NS ns',
    'ns A 127.0.0.1',
    ...records,
    '',
  ].join('\n');
}

/**
 * Each change goes to the zone file at once, so that a restart keeps it. A zone whose file is missing is one that Knot
 * must serve and cannot: it answers SERVFAIL.
 */
function configuration(folder: string, port: number, zones: readonly string[]): string {
  return `
server:
  rundir: "${folder}/run"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stdout
    any: warning
database:
  storage: "${folder}/db"
  journal-db-max-size: 20M
  timer-db-max-size: 10M
  kasp-db-max-size: 20M
control:
  listen: "${folder}/run/knot.sock"
template:
  - id: default
    storage: "${folder}/zones"
    zonefile-sync: 0
    zonefile-load: difference-no-serial
    journal-content: all
zone:
${zones.map((zone) => `  - domain: ${zone}\n    file: "${zone}.zone"`).join('\n')}
`;
}

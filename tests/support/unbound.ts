/** Unbound: a caching resolver, and a switch for the faults of single names. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureDebianServer } from './debian-packages.js';
import { startDnsServer, type DnsServer } from './dns-server.js';

export interface Unbound extends DnsServer {
  /** Local data: replaces all that the name has. Each record as in a zone file without its owner: `'5 IN A 127.0.0.1'`. */
  setRecords(name: string, records: readonly string[]): Promise<void>;
  /** How the name (and all below it) is answered; `none` gives its local data back, which `servfail` takes away. */
  setFault(name: string, fault: NameFault): Promise<void>;
  /** Forgets what it has cached of the name. */
  flush(name: string): Promise<void>;
}

export type NameFault = 'none' | 'nxdomain' | 'nodata' | 'refused' | 'silence' | 'servfail';

export interface UnboundOptions {
  /** Which server answers for which domain: `{ test: knot.port }`. Everything else is SERVFAIL: nothing leaves the machine. */
  readonly forward?: Readonly<Record<string, number>>;
}

const ZONE_TYPES = {
  none: 'static',
  nxdomain: 'always_nxdomain',
  nodata: 'always_nodata',
  refused: 'always_refuse',
  silence: 'always_deny',
} as const satisfies Record<Exclude<NameFault, 'servfail'>, string>;

/** An address that it is forbidden to ask: what is forwarded there fails at once. */
const NOWHERE = '127.0.0.77';

/** @throws ServerUnavailableError */
export async function startUnbound({ forward = {} }: UnboundOptions = {}): Promise<Unbound> {
  const dns = await startDnsServer({
    server: ensureDebianServer('unbound'),
    program: 'unbound',
    probe: 'nothing.invalid',
    async configure(folder, port) {
      const path = join(folder, 'unbound.conf');
      await writeFile(path, configuration(folder, port, forward));
      return { args: ['-c', path], control: ['unbound-control', '-c', path] };
    },
  });

  return Object.assign(dns, {
    async setRecords(name: string, records: readonly string[]) {
      await dns.control('local_data_remove', name);
      await dns.control('local_zone', name, ZONE_TYPES.none);
      for (const record of records) await dns.control('local_data', name, ...record.split(' '));
    },
    async setFault(name: string, fault: NameFault) {
      if (fault === 'servfail') {
        await dns.control('local_zone_remove', name);
        await dns.control('forward_add', `${name}.`, NOWHERE);
        await dns.control('flush_zone', name);
      } else {
        await dns.control('forward_remove', `${name}.`);
        await dns.control('local_zone', name, ZONE_TYPES[fault]);
      }
    },
    async flush(name: string) {
      await dns.control('flush_zone', name);
    },
  });
}

/** Out of the box, Unbound knows for itself that nothing below `test` and `invalid` exists: the very names that tests use. */
function configuration(folder: string, port: number, forward: Readonly<Record<string, number>>): string {
  const zones = Object.entries(forward).map(
    ([domain, upstream]) => `forward-zone:\n  name: "${domain}."\n  forward-addr: 127.0.0.1@${upstream}`,
  );
  return `
server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: ""
  access-control: 127.0.0.0/8 allow
  num-threads: 1
  module-config: "iterator"
  outgoing-interface: 127.0.0.1
  do-ip6: no
  do-not-query-localhost: no
  do-not-query-address: ${NOWHERE}
  cache-max-negative-ttl: 2
  infra-host-ttl: 1
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
forward-zone:
  name: "."
  forward-addr: ${NOWHERE}
${zones.join('\n')}
remote-control:
  control-enable: yes
  control-interface: "${folder}/ctl.sock"
`;
}

/** What the real name servers of the tests have in common. */

import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { startDaemon, type Daemon } from './daemon.js';
import type { DebianServer } from './debian-packages.js';
import { freePort } from './free-port.js';

export interface DnsServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** `127.0.0.1:port`, as `setServers` takes it. */
  readonly address: string;
  /** Runs the server's own control program and answers what it says. */
  control(...args: readonly string[]): Promise<string>;
  /** SIGSTOP: queries are left without an answer. */
  pause(): void;
  resume(): void;
  /** SIGKILL: queries are refused by the kernel. */
  kill(): Promise<void>;
  /** The same configuration on the same port. */
  restart(): Promise<void>;
  /** Ends it and removes what it left. */
  close(): Promise<void>;
}

export interface DnsServerOptions {
  readonly server: DebianServer;
  readonly program: string;
  /** Writes the configuration into the folder; answers the arguments of the program and of its control program. */
  readonly configure: (folder: string, port: number) => Promise<{ args: string[]; control: [string, ...string[]] }>;
  /** A name that must be answered, in whatever way, before the server counts as up. */
  readonly probe: string;
}

/** How often to try again when somebody took the port between its choice and its use. */
const ATTEMPTS = 3;

const run = promisify(execFile);

export async function startDnsServer({ server, program, configure, probe }: DnsServerOptions): Promise<DnsServer> {
  const folder = await mkdtemp(join(tmpdir(), `fairlead-${server.name}-`));
  let port = 0;
  let settings: Awaited<ReturnType<typeof configure>>;

  async function launch(): Promise<Daemon> {
    const ready = (): Promise<void> => answers(port, probe);
    return await startDaemon(server.program(program), settings.args, { env: server.env, ready });
  }

  async function launchOnFreePort(attemptsLeft: number): Promise<Daemon> {
    port = await freePort();
    settings = await configure(folder, port);
    try {
      return await launch();
    } catch (error) {
      if (attemptsLeft > 1) return await launchOnFreePort(attemptsLeft - 1);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  let daemon = await launchOnFreePort(ATTEMPTS);

  const dns: DnsServer = {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    async control(...args) {
      const [command, ...common] = settings.control;
      const { stdout } = await run(server.program(command), [...common, ...args], { env: server.env });
      return stdout;
    },
    pause: () => daemon.pause(),
    resume: () => daemon.resume(),
    kill: () => daemon.kill(),
    async restart() {
      await daemon.stop();
      daemon = await launch();
    },
    async close() {
      await daemon.kill();
      await rm(folder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => dns.close(),
  };
  return dns;
}

async function answers(port: number, name: string): Promise<void> {
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  try {
    await resolver.resolve4(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ETIMEOUT') throw error;
  }
}

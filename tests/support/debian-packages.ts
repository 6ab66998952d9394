/**
 * Real servers for the tests, from the distribution's own packages, without root and without changing the system.
 *
 * Apt downloads into a state of our own (its lists, its cache) and resolves which libraries the machine lacks; dpkg only
 * unpacks, so no maintainer script runs, no user is made, no service starts. What results lies in `.cache/servers/` of the
 * project and is used again. No host name is written here: the mirror is the one that the machine is set up with.
 *
 * All of it is synchronous: Jest must know while it collects the tests whether a suite can run.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { rememberedFailure, rememberFailure, withLock } from './shared-cache.js';

interface Recipe {
  readonly package: string;
  /** Proves that the program and all of its libraries are there. */
  readonly proof: readonly [program: string, ...args: string[]];
  /** A release of the distribution, where the machine's own no longer has the package. */
  readonly suite?: string;
}

const RECIPES = {
  consul: { package: 'consul', proof: ['consul', 'version'], suite: 'bullseye' },
  etcd: { package: 'etcd-server', proof: ['etcd', '--version'] },
  kubectl: { package: 'kubernetes-client', proof: ['kubectl', 'version', '--client'] },
  haproxy: { package: 'haproxy', proof: ['haproxy', '-v'] },
  knot: { package: 'knot', proof: ['knotd', '--version'] },
  nginx: { package: 'nginx', proof: ['nginx', '-v'] },
  unbound: { package: 'unbound', proof: ['unbound', '-V'] },
} as const satisfies Record<string, Recipe>;

export type ServerName = keyof typeof RECIPES;

export interface DebianServer {
  readonly name: ServerName;
  /** The absolute path of one of its programs. */
  program(name: string): string;
  /** The environment that its programs need: ours, and where its libraries are. */
  readonly env: NodeJS.ProcessEnv;
}

/** The server cannot be had on this machine; the message says why. */
export class ServerUnavailableError extends Error {
  override readonly name = 'ServerUnavailableError';
  readonly code = 'ERR_SERVER_UNAVAILABLE';
}

const cache = join(__dirname, '../../.cache/servers');
const known = new Map<ServerName, DebianServer>();

/** @throws ServerUnavailableError */
export function ensureDebianServer(name: ServerName): DebianServer {
  let server = known.get(name) ?? findUnpacked(name);
  if (server === undefined) {
    mkdirSync(cache, { recursive: true });
    server = withLock(join(cache, '.lock'), () => findUnpacked(name) ?? install(name));
  }
  known.set(name, server);
  return server;
}

function findUnpacked(name: ServerName): DebianServer | undefined {
  if (!existsSync(cache)) return undefined;
  const folder = readdirSync(cache).find((entry) => entry.startsWith(`${name}-`));
  return folder === undefined ? undefined : describeServer(name, join(cache, folder));
}

function describeServer(name: ServerName, root: string): DebianServer {
  const libraries = ['usr/lib', 'lib']
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    // Libraries live one level down, in a folder named after the architecture.
    .flatMap((folder) => readdirSync(folder).map((entry) => join(folder, entry)))
    .filter((folder) => folder.includes('-linux-'));
  return {
    name,
    program(program) {
      const path = ['usr/sbin', 'usr/bin', 'sbin', 'bin']
        .map((folder) => join(root, folder, program))
        .find((candidate) => existsSync(candidate));
      if (path === undefined)
        throw new ServerUnavailableError(`${name}: there is no program ${program} in its package`);
      return path;
    },
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
  };
}

function install(name: ServerName): DebianServer {
  const memo = join(cache, `.${name}.unavailable`);
  const before = rememberedFailure(memo);
  if (before !== undefined) throw new ServerUnavailableError(before);
  const work = mkdtempSync(join(tmpdir(), 'fairlead-apt-'));
  try {
    const recipe: Recipe = RECIPES[name];
    const packages = download(recipe, work);
    const root = join(work, 'root');
    for (const file of packages) run('dpkg', ['-x', file, root]);

    const [program, ...args] = recipe.proof;
    const unpacked = describeServer(name, root);
    run(unpacked.program(program), args, unpacked.env);

    const version = packages.map((file) => new RegExp(`/${recipe.package}_([^_/]+)_`).exec(file)?.[1]).find(Boolean);
    const home = join(cache, `${name}-${decodeURIComponent(version ?? 'unknown')}`);
    // Copied beside its place first: another file system may hold the temporary folder, and only a rename is atomic.
    run('cp', ['-a', root, `${cache}/.${name}.new`]);
    if (!existsSync(home)) renameSync(`${cache}/.${name}.new`, home);
    return describeServer(name, home);
  } catch (error) {
    const reason = `${name} cannot be had here: ${(error as Error).message}`;
    rememberFailure(memo, reason);
    throw new ServerUnavailableError(reason, { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(`${cache}/.${name}.new`, { recursive: true, force: true });
  }
}

/** The package and whatever the machine lacks of what it depends on. Answers the paths of the archives. */
function download(recipe: Recipe, work: string): string[] {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'no-parts']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  const env = { ...process.env, APT_CONFIG: join(work, 'apt.conf'), LC_ALL: 'C' };
  writeFileSync(env.APT_CONFIG, privateConfiguration(work));

  // A source that fails is no matter as long as another one has the package.
  let updateSaid = runRegardless('apt-get', ['-qq', 'update'], env);
  if (recipe.suite !== undefined) {
    writeFileSync(join(work, 'sources.list'), sourceOfSuite(recipe.suite, env));
    writeFileSync(env.APT_CONFIG, privateConfiguration(work, join(work, 'sources.list')));
    updateSaid = runRegardless('apt-get', ['-qq', 'update'], env);
  }
  try {
    const options = ['-qq', '-y', '--no-install-recommends', '--download-only', '--reinstall'];
    run('apt-get', [...options, 'install', recipe.package], env);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${updateSaid}`.trim(), { cause: error });
  }
  const archives = join(work, 'cache/archives');
  return readdirSync(archives)
    .filter((file) => file.endsWith('.deb'))
    .map((file) => join(archives, file));
}

/**
 * The machine's configuration, with its proxies and sources, but with a state of our own and without the hooks that
 * touch the system after an update.
 */
function privateConfiguration(work: string, sources?: string): string {
  const lines = run('apt-config', ['dump'])
    .split('\n')
    .filter((line) => !/^(APT::Update::|DPkg::|Dir::State::lists|Dir::Cache|Dir::Etc::(main|parts)\b)/i.test(line));
  lines.push(
    `Dir::State::lists "${work}/lists";`,
    `Dir::Cache "${work}/cache";`,
    `Dir::Cache::archives "archives/";`,
    `Dir::Etc::main "/dev/null";`,
    `Dir::Etc::parts "${work}/no-parts";`,
    'APT::Sandbox::User "root";',
    'Debug::NoLocking "true";',
    'Acquire::Languages "none";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "15";',
  );
  if (sources !== undefined)
    lines.push(`Dir::Etc::sourcelist "${sources}";`, `Dir::Etc::sourceparts "${work}/no-parts";`);
  return lines.join('\n');
}

function sourceOfSuite(suite: string, env: NodeJS.ProcessEnv): string {
  const format = '$(REPO_URI) $(COMPONENT)';
  const mirror = run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], env)
    .split('\n')
    .map((line) => line.split(' '))
    .find(([uri, component]) => component === 'main' && uri?.includes('security') === false)?.[0];
  if (mirror === undefined) throw new Error('apt knows no mirror');
  return `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${suite} main\n`;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

/** Answers what it complained of. */
function runRegardless(command: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { error, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return error?.message ?? stderr;
}

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(__dirname, '../..');

interface Manifest {
  readonly exports: Record<string, unknown>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** A project of somebody else that has installed the packed library (and its optional peers, which some subpaths need). */
export interface Consumer extends AsyncDisposable {
  /** 'fairlead', 'fairlead/testing', … */
  readonly entries: readonly string[];
  readonly packedFiles: readonly string[];
  /** Writes the file and runs it with this very Node; answers what it printed. */
  node(name: string, source: string): Promise<string>;
  /** Runs the command as `npx` does; answers what it printed. */
  command(...words: string[]): Promise<string>;
  /** Writes the file and type-checks it, declarations of libraries included; answers the compiler's complaints. */
  typecheck(name: string, source: string, options: Record<string, unknown>): Promise<string>;
}

export async function installConsumer(): Promise<Consumer> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-consumer-'));
  const npm = (args: string[], cwd: string): Promise<{ stdout: string }> =>
    run('npm', args, { cwd, shell: process.platform === 'win32' });

  const packed = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const tarball = packOf(JSON.parse(packed.stdout));
  const peers = Object.keys(manifest.peerDependencies ?? {}).map(
    (name) => `${name}@${manifest.devDependencies[name] ?? manifest.peerDependencies?.[name]}`,
  );
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  await npm(
    ['install', `./${tarball.filename}`, ...peers, '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'],
    folder,
  );

  return {
    entries: Object.keys(manifest.exports)
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => `fairlead${subpath.slice(1)}`),
    packedFiles: tarball.files.map((file) => file.path),
    async node(name, source) {
      await writeFile(join(folder, name), source);
      return (await run(process.execPath, [name], { cwd: folder })).stdout;
    },
    command: async (...words) => (await npm(['exec', '--offline', 'fairlead', '--', ...words], folder)).stdout,
    async typecheck(name, source, options) {
      await writeFile(join(folder, name), source);
      const compilerOptions = {
        ...{ target: 'ES2022', strict: true, noEmit: true, skipLibCheck: false, types: ['node'] },
        ...{ typeRoots: [join(root, 'node_modules/@types')], ...options },
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [name] }));
      const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'];
      return run(process.execPath, tsc, { cwd: folder }).then(
        () => '',
        (error: unknown) => (error as { stdout: string }).stdout,
      );
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface Pack {
  readonly filename: string;
  readonly files: readonly { path: string }[];
}

/** `npm pack --json` answers an array up to npm 11 and, in some versions, an object keyed by package name. */
function packOf(answer: Pack[] | Record<string, Pack>): Pack {
  const [pack] = Object.values(answer);
  if (pack === undefined) throw new Error('npm pack made nothing');
  return pack;
}

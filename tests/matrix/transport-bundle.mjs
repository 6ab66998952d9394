/**
 * The transport is internal, so the package does not export it; here its sources are compiled as the build compiles
 * them, for whichever Node runs the tests.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
// The compiler that tsup brings along.
const { buildSync } = createRequire(require.resolve('tsup'))('esbuild');

const folder = mkdtempSync(join(tmpdir(), 'fairlead-transport-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const modules = ['platform', 'endpoint-agents', 'observe-exchange', 'request-exchange', 'request-body'];
const outfile = join(folder, 'transport.mjs');
buildSync({
  stdin: {
    contents: [...modules, '../../core/clock', '../../client/defaults']
      .map((name) => `export * from './${name}.ts';`)
      .join('\n'),
    resolveDir: resolve(import.meta.dirname, '../../src/data/transport'),
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outfile,
});

/** For a child process that must start with a clean slate. */
export const transportUrl = pathToFileURL(outfile).href;
export const transport = await import(transportUrl);

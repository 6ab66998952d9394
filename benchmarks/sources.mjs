/** Parts of the library that are not public, for benchmarks of one part alone, and endpoints to try them with. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** @param contents exports, from paths within the project */
export async function importSources(contents) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  const outfile = join(folder, 'sources.mjs');
  try {
    await build({
      stdin: { resolveDir: resolve(import.meta.dirname, '..'), contents },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      outfile,
      // Dependencies in CommonJS ask for Node's own modules in this way.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Another address for each number. */
export function hostOf(index) {
  return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
}

/** As discovery hands them on. */
export function endpointsOf(count, weightOf = () => 1) {
  return Array.from({ length: count }, (_, index) => {
    const host = hostOf(index);
    return {
      id: `http://${host}:8080`,
      host,
      port: 8080,
      scheme: 'http',
      basePath: '',
      weight: weightOf(index),
      priority: 0,
      metadata: {},
    };
  });
}

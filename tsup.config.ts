import { readdirSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

/** The command: run, never imported, so it has no types and no CommonJS form. */
const command = 'src/cli.ts';

// One entry per file directly below src/: `fairlead` is index.ts, `fairlead/consul` is consul.ts.
const library = readdirSync('src')
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)
  .filter((path) => path !== command);

const shared: Options = {
  entry: library,
  target: 'node20',
  platform: 'node',
  // Shared chunks keep classes and module state identical across the entry points of one format.
  splitting: true,
  sourcemap: true,
  removeNodeProtocol: false,
  // tsup 8 passes `baseUrl` to the compiler, which TypeScript 6 deprecates.
  dts: { entry: library, compilerOptions: { ignoreDeprecations: '6.0' } },
  silent: true,
};

export default defineConfig([
  { ...shared, entry: [...library, command], format: ['esm'] },
  {
    ...shared,
    format: ['cjs'],
    // p-retry is ESM only. esbuild turns its default import into `require('p-retry')`, which yields the namespace and not the function, and
    // CommonJS users' own Jest cannot require it at all. So the CommonJS build carries its copy.
    noExternal: ['p-retry', 'is-network-error'],
    // Without it tsup splits CommonJS through sucrase, which replaces every `?.` and `??` by a call of its own: slow on
    // the hot path, and unknown to the test servers, whose program travels as the text of a function.
    treeshake: true,
  },
]);

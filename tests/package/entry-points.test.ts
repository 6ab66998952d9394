import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly exports: Record<string, string | Record<'import' | 'require', { types: string; default: string }>>;
  readonly typesVersions: { '*': Record<string, string[]> };
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
}

const root = join(__dirname, '../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
/** Run as `npx fairlead`, never imported. */
const COMMAND = 'cli.ts';
const names = readdirSync(join(root, 'src'))
  .filter((name) => name.endsWith('.ts') && name !== COMMAND)
  .map((name) => name.replace(/\.ts$/, ''));

describe('the manifest', () => {
  it('exports every file directly in src/ but the command, its own manifest, and nothing else', () => {
    const subpaths = names.map((name) => (name === 'index' ? '.' : `./${name}`));
    expect(Object.keys(manifest.exports).sort()).toEqual([...subpaths, './package.json'].sort());
  });

  it('has one command, which is run by Node', () => {
    expect(manifest.bin).toEqual({ fairlead: './dist/cli.js' });
    expect(readFileSync(join(root, 'dist/cli.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it.each(names)('gives "%s" code and types in both module formats', (name) => {
    expect(manifest.exports[name === 'index' ? '.' : `./${name}`]).toEqual({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    });
  });

  it('tells resolvers that do not know "exports" where the types of every subpath are', () => {
    const subpaths = names.filter((name) => name !== 'index');
    expect(manifest.typesVersions['*']).toEqual(
      Object.fromEntries(subpaths.map((name) => [name, [`./dist/${name}.d.cts`]])),
    );
  });

  it('depends at run time on five packages only', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['dns-packet', 'eventemitter3', 'lru-cache', 'p-retry', 'yaml']);
  });
});

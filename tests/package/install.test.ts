import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installConsumer, type Consumer } from './consumer.js';

/** `using` and top-level forms stay out: a consumer's compiler and target may be older than ours. */
const typescriptUse = (entries: readonly string[]): string =>
  [
    ...entries.map((entry, index) => `import * as entry${index} from '${entry}';`),
    `import { isFairleadError, FairleadError } from 'fairlead';`,
    `export const all: object[] = [${entries.map((_, index) => `entry${index}`).join(', ')}];`,
    `export const code = (error: unknown): string | undefined => (isFairleadError(error) ? error.code : undefined);`,
    `export const made: Error = new FairleadError('ERR_CLIENT_CLOSED', 'closed');`,
    // Proves that the types are there at all: `any` would make the directive below an error.
    `// @ts-expect-error a closed set of codes`,
    `export const wrong = new FairleadError('ERR_NO_SUCH_CODE', 'x');`,
  ].join('\n');

describe('the packed library, installed by somebody else', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await installConsumer();
  }, 180_000);
  afterAll(async () => consumer[Symbol.asyncDispose]());

  const exportedNames = async (name: string, load: (entry: string) => string): Promise<Record<string, string[]>> => {
    const pairs = consumer.entries.map((entry) => `[${JSON.stringify(entry)}, Object.keys(${load(entry)}).sort()]`);
    return JSON.parse(await consumer.node(name, `console.log(JSON.stringify(Object.fromEntries([${pairs.join()}])))`));
  };

  it('holds the build, its licence and its papers, and no sources or tests', () => {
    expect(consumer.packedFiles).toEqual(
      expect.arrayContaining(['package.json', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']),
    );
    const rest = consumer.packedFiles.filter((path) => !path.startsWith('dist/'));
    expect(
      rest.filter((path) => !/^(package\.json|LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md)$/.test(path)),
    ).toEqual([]);
  });

  it('imports and requires with the same names from every entry point', async () => {
    const imported = await exportedNames('names.mjs', (entry) => `await import('${entry}')`);
    const required = await exportedNames('names.cjs', (entry) => `require('${entry}')`);
    expect(required).toEqual(imported);
    expect(imported['fairlead']).toContain('FairleadError');
  });

  it('brings the command that npx runs', async () => {
    expect(await consumer.command('resolve', 'static:a:1', '--json')).toMatch(/"status":"found"/);
  }, 30_000);

  it('shares one FairleadError between the entry points of each format', async () => {
    const same = (error: string): string => `console.log(${error} instanceof FairleadError)`;
    const make = `new FairleadError('ERR_CLIENT_CLOSED', 'x')`;
    expect(await consumer.node('error.mjs', `import { FairleadError } from 'fairlead'; ${same(make)}`)).toBe('true\n');
    expect(await consumer.node('error.cjs', `const { FairleadError } = require('fairlead'); ${same(make)}`)).toBe(
      'true\n',
    );
  });

  it.each([
    ['an ES module under node16', 'use.mts', { module: 'node16', moduleResolution: 'node16' }],
    ['a CommonJS module under node16', 'use.cts', { module: 'node16', moduleResolution: 'node16' }],
    ['an ES module under nodenext', 'use.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['a bundled module', 'use.ts', { module: 'esnext', moduleResolution: 'bundler' }],
  ])(
    'type-checks in %s, with library checks on',
    async (_, name, options) => {
      expect(await consumer.typecheck(name, typescriptUse(consumer.entries), options)).toBe('');
    },
    60_000,
  );
});

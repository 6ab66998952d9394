/** What the documentation shows is run, what it links to is there, and what it tells people to type exists. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
/** Inside the project, so that `fairlead` means the project itself. */
const scratch = join(root, '.cache/docs');

const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api'))
    .map((path) => join('docs', path)),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

interface Block {
  readonly name: string;
  readonly code: string;
  /** What the page says that the block prints, if it does. */
  readonly prints: string | undefined;
}

/** Blocks that open with "```js run" stand alone and are run; "prints" and a text block after one is its output. */
const blocks: Block[] = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^```js run\n([\s\S]*?)^```\n(?:\nprints\n\n```text\n([\s\S]*?)^```)?/gm)].map(
    ([, code = '', prints], index) => ({ name: `${path} #${index + 1}`, code, prints }),
  ),
);

beforeAll(() => void mkdirSync(scratch, { recursive: true }));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the code in the documentation', () => {
  it('is there: the README shows something that runs', () => {
    expect(blocks.map(({ name }) => name)).toContain('README.md #1');
  });

  it.each(blocks.map((block): [string, Block] => [block.name, block]))(
    '%s runs to its end',
    async (name, { code, prints }) => {
      const file = join(scratch, `${name.replace(/\W+/g, '-')}.mjs`);
      writeFileSync(file, code);
      const { stdout, stderr } = await run(process.execPath, [file], { cwd: root, timeout: 60_000 });
      expect(stderr).toBe('');
      if (prints === undefined) expect(stdout).not.toBe('');
      else expect(stdout).toBe(prints);
    },
    70_000,
  );

  it('of the README survives the loss of a server, as it says', async () => {
    const file = join(scratch, 'readme.mjs');
    writeFileSync(file, blocks[0]?.code ?? '');
    for (let time = 0; time < 3; time++) {
      const { stdout } = await run(process.execPath, [file], { cwd: root, timeout: 20_000 });
      expect(stdout).toMatch(/^200 I am b http:\/\/127\.0\.0\.1:\d+\n$/);
    }
  }, 60_000);

  it('is ten lines in the README', () => {
    const lines = (blocks[0]?.code ?? '').split('\n').filter((line) => line.trim() !== '');
    expect(lines).toHaveLength(10);
  });
});

describe('the commands in README.md', () => {
  const { text } = pages[0] as { text: string };
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    exports: Record<string, unknown>;
  };

  it('are the two for a fresh clone, and exist', () => {
    expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test', 'npm install fairlead']);
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
  });

  it('are what the checks before a change run', () => {
    const ci = readFileSync(join(root, '.ci/run'), 'utf8');
    expect(ci).toMatch(/^step npm ci\nstep npm test$/m);
  });

  it('say "not yet" of nothing that can be imported', () => {
    const notYet = /## What it does not do yet\n([\s\S]*?)\n## /.exec(text)?.[1]?.toLowerCase() ?? '';
    expect(notYet).not.toBe('');
    const names = Object.keys(manifest.exports).flatMap((subpath) => /^\.\/([a-z]+)$/.exec(subpath)?.[1] ?? []);
    expect(names.filter((name) => notYet.includes(name))).toEqual([]);
  });
});

describe('links in the documentation', () => {
  const links = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']): [string, string] => [path, link]),
  );

  it.each(links)('in %s: %s leads somewhere', (page, link) => {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? join(root, page) : resolve(root, dirname(page), path);
    expect(relative(root, file).startsWith('..')).toBe(false);
    expect(existsSync(file)).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(readFileSync(file, 'utf8'))).toContain(anchor);
  });
});

/** As GitHub makes them: lower case, without punctuation, hyphens for spaces. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

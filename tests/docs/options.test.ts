import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { MAX_SERVICES, SERVICE_DEFAULTS } from '../../src/client/defaults.js';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Rows of a table whose first cell is code: `[name, further cells]`. */
function rowsOf(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The value at the start of a cell such as "10 000 (Envoy)" or "`'adaptive'`". */
function valueOf(cell: string): unknown {
  const text = cell.replaceAll('`', '');
  const list = /^\[[\d, 'A-Za-z-]*\]/.exec(text)?.[0];
  if (list !== undefined) return JSON.parse(list.replaceAll("'", '"'));
  const literal = /^'([\w-]+)'/.exec(text)?.[1] ?? /^(?:true|false)\b/.exec(text)?.[0];
  if (literal !== undefined) return literal === 'true' ? true : literal === 'false' ? false : literal;
  const number = /^\d{1,3}(?: \d{3})+(?!\d)|^\d+(?:\.\d+)?/.exec(text)?.[0];
  return number === undefined ? undefined : Number(number.replaceAll(' ', ''));
}

function defaultAt(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], SERVICE_DEFAULTS);
}

describe('docs/options.md', () => {
  it('is what scripts/options-doc.mjs writes now', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-options-'));
    try {
      await run(process.execPath, ['scripts/options-doc.mjs', join(folder, 'options.md')], { cwd: root });
      expect(readFileSync(join(folder, 'options.md'), 'utf8')).toBe(read('docs/options.md'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 30_000);

  const sections = read('docs/options.md').split(/^## /m).slice(1);

  it.each(['cache', 'retry', 'retry.budget', 'propagate', 'ejection', 'limits', 'transport'])(
    'states for every member of %s the default that is in force',
    (group) => {
      const section = sections.find((text) => text.startsWith(`\`${group}\`\n`)) ?? '';
      const stated = rowsOf(section).map(([name = '', , standard = '']) => [name.slice(1, -1), valueOf(standard)]);
      const inForce = Object.entries(defaultAt(group) as object).filter(([, value]) => !isObject(value));
      expect(Object.fromEntries(stated.filter(([, value]) => value !== undefined))).toEqual(
        Object.fromEntries(inForce),
      );
    },
  );

  it('states the defaults of the service and of the client that are in force', () => {
    const service = rowsOf(sections.find((text) => text.startsWith('Service\n')) ?? '');
    for (const [name = '', , standard = ''] of service) {
      const inForce = defaultAt(name.slice(1, -1));
      if (inForce !== undefined && !isObject(inForce)) expect([name, valueOf(standard)]).toEqual([name, inForce]);
    }
    expect(service.length).toBeGreaterThan(10);
    const client = rowsOf(sections.find((text) => text.startsWith('Client\n')) ?? '');
    expect(valueOf(client.find(([name]) => name === '`maxServices`')?.[2] ?? '')).toBe(MAX_SERVICES);
  });
});

describe('the options in README.md', () => {
  const table = rowsOf(/## Options at a glance\n([\s\S]*?)\n## /.exec(read('README.md'))?.[1] ?? '');

  it.each(table.map(([name = '', standard = '']) => [name.slice(1, -1), standard]))(
    'state the default of %s that is in force',
    (name, standard) => expect(valueOf(standard)).toBe(defaultAt(name)),
  );
});

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

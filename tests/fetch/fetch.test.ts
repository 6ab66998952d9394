import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

import * as library from '../../src/index.js';
import { differences } from './differences.js';
import { examine, themes } from './suite.js';

const met = new Set<string>();

describe("client.fetch does what the platform's fetch does", () => {
  it.each(Object.keys(themes))(
    'with all %s',
    async (theme) => {
      const verdict = await examine(themes[theme] ?? [], library);
      verdict.met.forEach((id) => met.add(id));
      expect(verdict.unlisted).toEqual([]);
    },
    120_000,
  );

  it('but for a few differences, all of which are still there', () => {
    expect([...met].sort()).toEqual(differences.map(({ id }) => id).sort());
  });

  it('which the documentation lists with their reasons', () => {
    const page = readFileSync(join(__dirname, '../../docs/fetch-differences.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([\w-]+)`\s*\| (.*?)\s*\| (.*?)\s*\|$/gm)].map(([, id, what, why]) => ({
      id,
      what,
      why,
    }));
    expect(rows).toEqual(differences.map(({ id, what, why }) => ({ id, what, why })));
  });
});

describe('the suite', () => {
  it('has no two cases of one name', () => {
    const names = Object.values(themes).flatMap((cases) => cases.map(({ name }) => name));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('sees a difference where there is one', async () => {
    const wrong = Object.assign({}, library, {
      createClient: () => ({ fetch: async () => new Response('forged', { status: 203 }), close: async () => {} }),
    });
    const { unlisted } = await examine(
      [{ name: 'forged', run: async ({ fetch, url }) => (await fetch(url())).status }],
      wrong,
    );
    expect(unlisted.filter((line) => line.includes('observed is 203, for fetch 200'))).toHaveLength(2);
  });
});

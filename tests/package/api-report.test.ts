import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(__dirname, '../..');
const reviewed = join(root, 'docs/api');

describe('the public surface (change it on purpose: npm run api:update)', () => {
  const current = mkdtempSync(join(tmpdir(), 'fairlead-api-'));

  let complaints = '';

  beforeAll(() => {
    const script = [join(root, 'scripts/api-report.mjs'), current];
    complaints = spawnSync(process.execPath, script, { cwd: root, encoding: 'utf8' }).stderr;
  }, 120_000);
  afterAll(() => rmSync(current, { recursive: true }));

  it('names no type that users cannot import', () => {
    expect(complaints).toBe('');
  });

  it('has a reviewed report for every entry point', () => {
    expect(readdirSync(reviewed).sort()).toEqual(readdirSync(current).sort());
  });

  it.each(readdirSync(reviewed))('is what %s says', (name) => {
    expect(readFileSync(join(current, name), 'utf8')).toBe(readFileSync(join(reviewed, name), 'utf8'));
  });
});

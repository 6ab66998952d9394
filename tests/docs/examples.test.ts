import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');

/** What each example must print; an example without an entry fails. */
const OUTPUTS: Readonly<Record<string, RegExp>> = {
  'basic.mjs': /^(?:hello <- (?:127\.0\.0\.1:1 failure, )?127\.0\.0\.1:\d+ success\n){5}$/,
  'custom-resolver.mjs': /^1 added, 0 removed\nblue\n1 added, 1 removed\ngreen\n$/,
  'dns.mjs': /^for orders\nhttp:\/\/127\.0\.0\.1:\d+ in use\n$/,
  'own-transport.mjs': /^(?:PONG\n){5}$/,
  'registry.mjs': /^served registry found\n$/,
};

describe('the examples', () => {
  it.each(readdirSync(resolve(root, 'examples')).filter((name) => name.endsWith('.mjs')))(
    '%s runs to its end and prints what it should',
    async (name) => {
      const { stdout, stderr } = await run(process.execPath, [`examples/${name}`], { cwd: root, timeout: 20_000 });
      expect(stderr).toBe('');
      expect(stdout).toMatch(OUTPUTS[name] ?? `an output for ${name} in this test`);
    },
    30_000,
  );
});

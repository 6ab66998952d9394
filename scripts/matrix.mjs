/**
 * Runs tests/matrix/*.test.mjs against the built package under every Node line we support. Plain `node --test`, no transpiler and no Jest: this
 * is the package as users load it. The Node that runs this script serves its own line, the others come from npm. A line that cannot be had is
 * a failure, not a skip.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nodeOfLine } from './node-lines.mjs';

const LINES = [20, 22, 24, 26];

const root = resolve(import.meta.dirname, '..');
const files = readdirSync(join(root, 'tests/matrix'))
  .filter((name) => name.endsWith('.test.mjs'))
  .map((name) => join('tests/matrix', name));

const results = LINES.map(runLine);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
for (const { version, passed, failed } of results) console.log(`Node ${version}: ${passed} passed, ${failed} failed`);
console.log(`matrix: ${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;

function runLine(line) {
  const node = nodeOfLine(line);
  if (node === undefined) return { version: `${line} (not available)`, passed: 0, failed: 1 };
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const args = ['--test', '--test-reporter=tap', '--test-timeout=60000', ...files];
  const { stdout, stderr, status } = spawnSync(node, args, { cwd: root, encoding: 'utf8' });
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(stdout)?.[1] ?? 0);
  const passed = count('pass');
  // A run that ends badly, or with no test at all, has failed whatever its counters say.
  const failed = Math.max(count('fail') + count('cancelled'), status === 0 && passed > 0 ? 0 : 1);
  if (failed > 0) console.error(`--- Node ${version}\n${stdout}\n${stderr}`);
  return { version, passed, failed };
}

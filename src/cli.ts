#!/usr/bin/env node
/**
 * `npx fairlead resolve <where>`: asks a resolver as a client would, and says what came of it. For people who debug at
 * night; see docs/cli.md. This file only connects the command to the process.
 */

import { readFileSync } from 'node:fs';
import { runCommand } from './cli/run-command.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

// Whoever reads may stop reading, as head(1) does.
process.stdout.on('error', () => process.exit());

const code = await runCommand(process.argv.slice(2), {
  version,
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  isTerminal: process.stdout.isTTY === true,
  print: (text) => void process.stdout.write(text),
  printError: (text) => void process.stderr.write(text),
  signal: interrupted.signal,
});
// Not waiting for what may be open still, such as a lookup of the system that cannot be stopped; but for the output.
process.stdout.write('', () => process.exit(code));

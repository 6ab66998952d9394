/** Node binaries of other lines. npm publishes them as ordinary packages; they are kept in node_modules/.cache. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** A binary of the line (a major version): the running Node when it is of that line. Undefined, and said, when there is none to be had. */
export function nodeOfLine(line) {
  if (Number(process.versions.node.split('.')[0]) === line) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(root, 'node_modules/.cache/node-lines', String(line));
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `node-${line}`, private: true }));
  const args = ['install', `${name}@${line}`, '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', shell: platform === 'win' });
  if (status === 0 && existsSync(binary)) return binary;
  console.error(`--- Node ${line}: npm cannot install ${name}@${line}\n${stderr}`);
  return undefined;
}

/**
 * The architecture as code. Each rule is one sentence of the design and a function from the parsed sources to the places that break it; the
 * test runs them over src/ and, to prove that each one bites, over a small wrong tree per rule in tests/fixtures/architecture/.
 */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import { readSourceTree, visit, type ImportEdge, type SourceFile } from './source-tree.js';

export interface Violation {
  readonly rule: RuleName;
  readonly file: string;
  readonly message: string;
}

type Finding = readonly [file: string, message: string];
type Rule = (files: readonly SourceFile[]) => Finding[];

/** Which folders each folder may import besides itself. `entry` stands for the files directly in src/ and the private folder of each. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  kit: ['core'],
  control: ['core', 'kit'],
  data: ['core', 'kit'],
  client: ['core', 'kit', 'control', 'data'],
  entry: ['core', 'kit', 'control', 'data', 'client'],
};

const MAX_LINES = 300;
const VAGUE_FOLDERS = new Set(['util', 'utils', 'helper', 'helpers', 'type', 'types', 'common', 'shared', 'misc']);
const TIME_GLOBALS = new Set(['Date', 'performance', 'setTimeout', 'setInterval']);
const TIME_MODULES = new Set(['timers', 'timers/promises', 'perf_hooks']);
const TIME_AND_RANDOM_FILES = new Set(['core/clock.ts', 'core/random.ts']);
const BUILT_IN = new Set(builtinModules);
/** Built-in functions that only compute, although their module also does I/O. */
const PURE_BUILT_INS: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'],
};

const RULES = {
  'known-folders': (files) => {
    const entries = entryNames(files);
    return files
      .filter(
        (file) =>
          file.path.includes('/') && !(topFolder(file.path) in MAY_IMPORT) && !entries.has(topFolder(file.path)),
      )
      .map((file) => [
        file.path,
        `src/${topFolder(file.path)}/ is neither a floor nor the folder of an entry src/${topFolder(file.path)}.ts`,
      ]);
  },

  floors: (files) =>
    eachEdge(files, (file, target) => {
      const [from, to] = [floorOf(file.path), floorOf(target)];
      if (from === to || arePlanes(from, to) || MAY_IMPORT[from]?.includes(to)) return undefined;
      return `${from} may not import ${to} (${target})`;
    }),

  planes: (files) =>
    eachEdge(files, (file, target) =>
      arePlanes(floorOf(file.path), floorOf(target)) ? `the planes never import each other (${target})` : undefined,
    ),

  'private-entry-folders': (files) => {
    const entries = entryNames(files);
    return eachEdge(files, (file, target) => {
      const folder = topFolder(target);
      if (!entries.has(folder) || topFolder(file.path) === folder || file.path === `${folder}.ts`) return undefined;
      return `only src/${folder}.ts may import from src/${folder}/ (${target})`;
    });
  },

  'core-imports-nothing': (files) =>
    externalImports(files, 'core').map(({ file, specifier }) => [file, `core imports nothing, not even ${specifier}`]),

  'kit-has-no-io': (files) =>
    externalImports(files, 'kit')
      .filter(({ specifier, names }) => isBuiltIn(specifier) && !isPure(specifier, names))
      .map(({ file, specifier }) => [file, `kit is pure and may not import ${specifier}`]),

  'control-sees-no-request': (files) =>
    eachEdge(files, (file, target) =>
      floorOf(file.path) === 'control' && ['core/lease.ts', 'core/call-report.ts'].includes(target)
        ? `the control plane never sees a request (${target})`
        : undefined,
    ),

  'data-sees-no-resolver': (files) =>
    eachEdge(files, (file, target) =>
      floorOf(file.path) === 'data' && target === 'core/resolver.ts'
        ? `the data plane never sees a resolver (${target})`
        : undefined,
    ),

  'pickers-are-synchronous': (files) =>
    files
      .filter((file) => file.path.startsWith('data/pickers/'))
      .flatMap((file) =>
        findNodes(file, (node) =>
          node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)
            ? 'choosing is synchronous'
            : undefined,
        ),
      ),

  cycles: (files) =>
    findCycles(files).map((cycle) => [cycle[0] ?? '', `import cycle: ${[...cycle, cycle[0]].join(' → ')}`]),

  barrels: (files) =>
    files
      .filter((file) => file.path.includes('/') && posix.basename(file.path) === 'index.ts')
      .map((file) => [file.path, 'no barrels below src/: import the file that has the concept']),

  length: (files) =>
    files
      .filter((file) => file.lines > MAX_LINES)
      .map((file) => [file.path, `${file.lines} lines; a file is one concept of at most ${MAX_LINES}`]),

  'folder-names': (files) =>
    files.flatMap((file) =>
      posix
        .dirname(file.path)
        .split('/')
        .filter((folder) => VAGUE_FOLDERS.has(folder))
        .map((folder): Finding => [file.path, `a folder is an idea; "${folder}" is none`]),
    ),

  'kebab-case': (files) =>
    files
      .filter((file) => !file.path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.ts)?$/.test(part)))
      .map((file) => [file.path, 'file and folder names are kebab-case']),

  time: (files) =>
    outsideClockAndRandom(files).flatMap((file) => [
      ...findNodes(file, (node) =>
        isGlobalUse(node, TIME_GLOBALS) ? `${node.getText()}: take a Clock from core/clock.ts` : undefined,
      ),
      ...file.imports
        .filter(({ specifier }) => TIME_MODULES.has(specifier.replace(/^node:/, '')))
        .map(({ specifier }): Finding => [file.path, `${specifier}: take a Clock from core/clock.ts`]),
    ]),

  randomness: (files) =>
    outsideClockAndRandom(files).flatMap((file) =>
      findNodes(file, (node) => (isMathRandom(node) ? 'Math.random: take a Random from core/random.ts' : undefined)),
    ),
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

/** Checks the tree whose root is laid out like src/. An empty answer means that every rule holds. */
export function checkArchitecture(root: string): Violation[] {
  const files = readSourceTree(root);
  return RULE_NAMES.flatMap((rule) => RULES[rule](files).map(([file, message]) => ({ rule, file, message })));
}

function topFolder(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function floorOf(path: string): string {
  const folder = topFolder(path);
  return folder in MAY_IMPORT ? folder : 'entry';
}

function entryNames(files: readonly SourceFile[]): Set<string> {
  return new Set(files.filter((file) => !file.path.includes('/')).map((file) => file.path.replace(/\.ts$/, '')));
}

function arePlanes(from: string, to: string): boolean {
  return (from === 'control' && to === 'data') || (from === 'data' && to === 'control');
}

function eachEdge(
  files: readonly SourceFile[],
  judge: (file: SourceFile, target: string) => string | undefined,
): Finding[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ target }): Finding[] => {
      const message = target === undefined ? undefined : judge(file, target);
      return message === undefined ? [] : [[file.path, message]];
    }),
  );
}

function externalImports(files: readonly SourceFile[], floor: string): (ImportEdge & { file: string })[] {
  return files
    .filter((file) => floorOf(file.path) === floor)
    .flatMap((file) =>
      file.imports.filter(({ target }) => target === undefined).map((edge) => ({ ...edge, file: file.path })),
    );
}

function isPure(specifier: string, names: readonly string[] | undefined): boolean {
  return names?.every((name) => PURE_BUILT_INS[specifier]?.includes(name)) ?? false;
}

function isBuiltIn(specifier: string): boolean {
  return specifier.startsWith('node:') || BUILT_IN.has(specifier);
}

function outsideClockAndRandom(files: readonly SourceFile[]): SourceFile[] {
  return files.filter((file) => !TIME_AND_RANDOM_FILES.has(file.path));
}

function findNodes(file: SourceFile, judge: (node: ts.Node) => string | undefined): Finding[] {
  const found: Finding[] = [];
  visit(file.syntax, (node) => {
    const message = judge(node);
    if (message === undefined) return;
    const line = file.syntax.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push([file.path, `line ${line}: ${message}`]);
  });
  return found;
}

/** A bare use of the name, or `globalThis.name`; not a property, key or parameter that happens to be called so. */
function isGlobalUse(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (!ts.isIdentifier(node) || !names.has(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.getText() === 'globalThis';
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isImportSpecifier(parent)) return false;
  return !('name' in parent && parent.name === node);
}

function isMathRandom(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) && node.name.text === 'random' && /(^|\.)Math$/.test(node.expression.getText())
  );
}

/** Depth-first search; every back edge is reported once, as the path it closes. Type-only imports count: a cycle of ideas is a cycle. */
function findCycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const path: string[] = [];
  const cycles: string[][] = [];
  const walk = (name: string): void => {
    if (path.includes(name)) cycles.push(path.slice(path.indexOf(name)));
    const file = byPath.get(name);
    if (file === undefined || done.has(name) || path.includes(name)) return;
    path.push(name);
    for (const { target } of file.imports) if (target !== undefined) walk(target);
    path.pop();
    done.add(name);
  };
  for (const file of files) walk(file.path);
  return cycles;
}

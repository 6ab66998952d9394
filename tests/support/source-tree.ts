import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export interface ImportEdge {
  /** As written: './clock.js', 'eventemitter3', 'node:net'. */
  readonly specifier: string;
  /** The imported source file, relative to the root with forward slashes; undefined for packages and built-ins. */
  readonly target: string | undefined;
  /** The names taken by `import { … }`; undefined for every form that takes the whole module. */
  readonly names: readonly string[] | undefined;
}

export interface SourceFile {
  /** Relative to the root, with forward slashes: 'core/clock.ts'. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportEdge[];
  readonly syntax: ts.SourceFile;
}

/** Parses every TypeScript file below `root`, in a stable order. */
export function readSourceTree(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

function parse(path: string, text: string): SourceFile {
  const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  return { path, lines: text.replace(/\n$/, '').split('\n').length, imports: importsOf(syntax, path), syntax };
}

/** Every way of naming another module: import, export … from, import(), and import types. */
function importsOf(syntax: ts.SourceFile, path: string): ImportEdge[] {
  const edges: ImportEdge[] = [];
  visit(syntax, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined)
      edges.push({ specifier, target: resolveRelative(path, specifier), names: namesOf(node) });
  });
  return edges;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : undefined;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return textOf(node.arguments[0]);
  return undefined;
}

function namesOf(node: ts.Node): string[] | undefined {
  const clause = ts.isImportDeclaration(node) ? node.importClause : undefined;
  if (clause?.name !== undefined || clause?.namedBindings === undefined) return undefined;
  if (!ts.isNamedImports(clause.namedBindings)) return undefined;
  return clause.namedBindings.elements.map((element) => (element.propertyName ?? element.name).text);
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

export function visit(node: ts.Node, onNode: (node: ts.Node) => void): void {
  onNode(node);
  ts.forEachChild(node, (child) => visit(child, onNode));
}

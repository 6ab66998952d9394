/**
 * Writes the public surface of every entry point as one reviewed file each: docs/api/fairlead.api.md, fairlead-testing.api.md, and so on.
 * Reads dist/, so build first. Fails when a public signature names a type that no entry point exports: users could not write that type down.
 *
 * Usage: node scripts/api-report.mjs [folder]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = resolve(import.meta.dirname, '..');
const reportFolder = resolve(process.argv[2] ?? resolve(root, 'docs/api'));
const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

mkdirSync(reportFolder, { recursive: true });
for (const name of readdirSync(reportFolder)) if (name.endsWith('.api.md')) rmSync(resolve(reportFolder, name));

const unnamed = new Map();
const named = new Set();
for (const [subpath, conditions] of Object.entries(exports)) {
  if (conditions.import?.types !== undefined) report(subpath, conditions.import.types);
}

const missing = [...unnamed].filter(([symbol]) => !named.has(symbol));
for (const [symbol, subpath] of missing)
  console.error(`${subpath} uses the type ${symbol}, which no entry point exports`);
if (missing.length > 0) process.exitCode = 1;

function report(subpath, types) {
  const entry = `fairlead${subpath.slice(1)}`;
  const reportFileName = `${entry.replaceAll('/', '-')}.api.md`;
  const { succeeded, errorCount } = Extractor.invoke(configure(resolve(root, types), reportFileName), {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      if (message.messageId === 'ae-forgotten-export') unnamed.set(/"(.+?)"/.exec(message.text)[1], entry);
      if (message.logLevel === 'error') console.error(`${entry}: ${message.text}`);
    },
  });
  if (!succeeded && errorCount > 0) process.exitCode = 1;
  for (const [, symbol] of readFileSync(resolve(reportFolder, reportFileName), 'utf8').matchAll(
    /^export (?:abstract )?(?:class|interface|type|function|const) (\w+)/gm,
  )) {
    named.add(symbol);
  }
}

function configure(mainEntryPointFilePath, reportFileName) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: resolve(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath,
      compiler: { tsconfigFilePath: resolve(root, 'tsconfig.json') },
      apiReport: { enabled: true, reportFileName, reportFolder, reportTempFolder: resolve(root, '.cache/api') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: { default: { logLevel: 'none' } } },
      newlineKind: 'lf',
    },
  });
}

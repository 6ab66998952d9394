/** What a file says about endpoints, and which state of the file that was. */

import { open, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import type { EndpointInput } from '../../core/endpoint.js';
import { isPlainObject } from '../../kit/option-error.js';
import { readCapped } from '../../kit/read-capped.js';
import { parseJson } from '../../kit/safe-json.js';
import { parseHttpSd } from './http-sd.js';

export type FileFormat = 'json' | 'yaml';

export interface FileText {
  readonly text: string;
  /** Changes with every change of the file, as {@link fileVersion} tells it; undefined when it was written to meanwhile. */
  readonly version: string | undefined;
}

/** Differs as soon as the path leads to another file, or to the same one with other contents. @throws the error of stat */
export async function fileVersion(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true });
  // Opening a pipe would wait for its writer, and a directory has no contents.
  if (!stats.isFile()) throw new Error('it is no file');
  return versionOf(stats);
}

/** @throws the error of open or read; RangeError for more than `maxBytes` */
export async function readFileText(path: string, maxBytes: number): Promise<FileText> {
  const file = await open(path);
  try {
    const before = versionOf(await file.stat({ bigint: true }));
    const text = await readCapped(file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>, maxBytes);
    const after = versionOf(await file.stat({ bigint: true }));
    return { text, version: before === after ? after : undefined };
  } finally {
    await file.close();
  }
}

/** @throws Error for a text that is not in the format */
export async function parseFileText(text: string, format: FileFormat): Promise<unknown> {
  if (text.trim() === '') throw new Error('it is empty');
  return format === 'json' ? parseJson(text) : parseYaml(text);
}

/** Endpoints, or Prometheus' target groups. @throws Error when it is neither */
export function endpointsIn(content: unknown): readonly EndpointInput[] {
  if (!Array.isArray(content)) throw new Error('it holds no list of endpoints or target groups');
  const isGrouped = content.some((member) => isPlainObject(member) && Object.hasOwn(member, 'targets'));
  return isGrouped ? parseHttpSd(content) : (content as EndpointInput[]);
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** Loaded with the first file that needs it: most services have none, and its start would cost all of them. */
async function parseYaml(text: string): Promise<unknown> {
  const { isMap, isScalar, parseDocument, visit } = await import('yaml');
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw error;
  visit(document, {
    // Labels are texts. What YAML takes for a number is meant as it was written: `version: 1.10` is not 1.1.
    Pair(_key, { key, value }) {
      if (!isScalar(key) || key.value !== 'labels' || !isMap(value)) return;
      for (const { value: label } of value.items) {
        if (!isScalar(label) || label.source === undefined) continue;
        if (typeof label.value === 'number' || typeof label.value === 'boolean') label.value = label.source;
      }
    },
  });
  // With its bound on aliases: a few lines can stand for gigabytes.
  return document.toJS({ maxAliasCount: 100 });
}

/**
 * Endpoints from a file that something else keeps up to date: a deployment tool, a template, Prometheus' file service
 * discovery, a mounted ConfigMap.
 *
 * However the file is replaced, what is handed on is one whole state of it: written in place, renamed over, deleted and
 * made anew, or swapped by way of a symbolic link, as Kubernetes does. A file that is missing, half written, too large
 * or of another shape is "could not ask", and what it said before stays in use.
 *
 * Its directory is watched. Since not every file system tells of changes, the file is looked at every few seconds as
 * well, which costs one `stat`.
 */

import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Watcher } from '../../core/resolver.js';
import { any, durationMs, func, number, oneOf } from '../../kit/option-schema.js';
import { object } from '../../kit/option-structures.js';
import { feedContext } from '../discovery/feed-context.js';
import type { FileFormat } from './endpoint-file.js';
import { followFile } from './follow-file.js';

export interface FileResolverOptions {
  /** @default 'auto': YAML when the name ends in `.yaml` or `.yml`, otherwise JSON */
  readonly format?: 'auto' | 'json' | 'yaml';
  /**
   * Reads contents of another shape, parsed from JSON or YAML. May throw: that is "could not ask".
   * @default a list of endpoints, or of Prometheus' target groups, whose labels become metadata
   */
  readonly parse?: (content: unknown) => readonly EndpointInput[];
  /** How often the file is looked at besides being watched, in milliseconds, 100–3_600_000. @default 5_000 */
  readonly pollMs?: number;
  /** Largest file that is read, in bytes, 1–1_073_741_824. YAML takes the event loop a second or two per megabyte. @default 5_242_880 */
  readonly maxBytes?: number;
}

const PATH = any<string | URL>(
  'a path or a file: URL',
  (value) => (typeof value === 'string' && value !== '') || (value as Partial<URL> | null)?.protocol === 'file:',
);

const OPTIONS = object<FileResolverOptions>({
  format: oneOf(['auto', 'json', 'yaml']),
  parse: func<NonNullable<FileResolverOptions['parse']>>(),
  pollMs: durationMs(100, 3_600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
});

/**
 * @param path relative ones are taken from the working directory as it is now
 * @throws FairleadError `ERR_INVALID_OPTION`. A file that is not there is no such error: it may come
 */
export function fileResolver(path: string | URL, options: FileResolverOptions = {}): Watcher {
  const given = PATH.parse(path, 'fileResolver');
  const { format = 'auto', parse, pollMs = 5_000, maxBytes = 5_242_880 } = OPTIONS.parse(options, 'fileResolver');
  const file = resolve(typeof given === 'string' ? given : fileURLToPath(given));
  const settings = { file, format: format === 'auto' ? formatOf(file) : format, parse, pollMs, maxBytes };
  return {
    kind: 'file',
    source: file,
    watch: (receiver, ctx) =>
      followFile({ ...settings, directory: dirname(file), entry: basename(file) }, receiver, feedContext(ctx)),
  };
}

function formatOf(file: string): FileFormat {
  return /\.ya?ml$/i.test(file) ? 'yaml' : 'json';
}

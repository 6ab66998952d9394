/**
 * The credentials for the next request. Those in files are rotated by others (the kubelet renews a service account's token
 * long before its hour is over, and replaces the cluster's authorities), so the files are read again: "The client should
 * reload the token from disk at least every minute" is what Kubernetes' own clients do.
 */

import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { createBackgroundFetch, type RegistryFetch } from '../background-fetch.js';
import type { ClusterAccess, FileSource } from './cluster-access.js';

export interface Credentials {
  /** @throws Error that says what cannot be read, and nothing of what is in it */
  current(): Promise<Current>;
  /** The server has refused them: what is kept is read again the next time. */
  refused(): void;
}

export interface Current {
  readonly fetch: RegistryFetch;
  readonly token: string | undefined;
}

const REREAD_MS = 60_000;

export function createCredentials(access: ClusterAccess, clock: Clock): Credentials {
  const files = new Map<string, { readonly text: string; readonly readAtMs: number }>();
  let built: { readonly from: string; readonly fetch: RegistryFetch } | undefined;

  async function contentOf({ file }: FileSource): Promise<string> {
    const known = files.get(file);
    if (known !== undefined && clock.now() - known.readAtMs < REREAD_MS) return known.text;
    try {
      const text = await readFile(file, 'utf8');
      files.set(file, { text, readAtMs: clock.now() });
      return text;
    } catch (error) {
      // It may be in the middle of being replaced; if not, the server will say that the old one is no good.
      if (known !== undefined) return known.text;
      throw new Error(`cannot read ${file}: ${describeError(error)}`);
    }
  }

  async function tokenNow(): Promise<string | undefined> {
    const { token } = access;
    if (token === undefined) return undefined;
    const given: unknown =
      typeof token === 'string' ? token : typeof token === 'function' ? await token() : await contentOf(token);
    const trimmed = typeof given === 'string' ? given.trim() : '';
    if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new Error('the token is empty, or no text that a header may hold');
    return trimmed;
  }

  async function fetchNow(): Promise<RegistryFetch> {
    if (access.fetch !== undefined) return access.fetch;
    const tls: Record<string, unknown> = {};
    for (const [name, source] of Object.entries(access.tls)) {
      tls[name] = isFile(source) ? await contentOf(source) : source;
    }
    const from = JSON.stringify(tls);
    if (built?.from !== from) built = { from, fetch: createBackgroundFetch(tls) };
    return built.fetch;
  }

  return {
    current: async () => ({ fetch: await fetchNow(), token: await tokenNow() }),
    refused() {
      for (const [file, known] of files) files.set(file, { ...known, readAtMs: -Infinity });
    },
  };
}

function isFile(source: unknown): source is FileSource {
  return typeof source === 'object' && source !== null && 'file' in source;
}

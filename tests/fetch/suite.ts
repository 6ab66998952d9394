/**
 * The compliance suite: every case is played with the platform's fetch and with `client.fetch`, for a host that is no
 * service and for one that is, and what they observe is compared. All in the same process and on the same Node.
 */

import { aborts } from './cases/aborts.js';
import { failures } from './cases/failures.js';
import { headers } from './cases/headers.js';
import { inits } from './cases/init.js';
import { inputs } from './cases/inputs.js';
import { redirects } from './cases/redirects.js';
import { requestBodies } from './cases/request-bodies.js';
import { responses } from './cases/responses.js';
import { streaming } from './cases/streaming.js';
import { compare, type Divergence } from './compare.js';
import { differences } from './differences.js';
import type { FetchCase } from './fetch-case.js';
import { play, type Library } from './play.js';

export const themes: Readonly<Record<string, readonly FetchCase[]>> = {
  inputs,
  'fields of init': inits,
  headers,
  'request bodies': requestBodies,
  responses,
  redirects,
  aborts,
  failures,
  streaming,
};

export interface Verdict {
  /** Differences that no list allows, one line each. */
  readonly unlisted: readonly string[];
  /** Ids of the allowed ones that were met. */
  readonly met: ReadonlySet<string>;
}

/** Enough to wait side by side, few enough that a slow machine keeps up. */
const AT_ONCE = 6;
const REPLAYS = 2;

export async function examine(cases: readonly FetchCase[], library: Library): Promise<Verdict> {
  const unlisted: string[] = [];
  const met = new Set<string>();
  const left = [...cases];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      // How a connection breaks is chance at times, for fetch itself too: what counts is there every time.
      let found = await differencesOf(next, library);
      for (let again = 0; again < REPLAYS && found.unlisted.length > 0; again++)
        found = await differencesOf(next, library);
      unlisted.push(...found.unlisted);
      found.met.forEach((id) => met.add(id));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { unlisted, met };
}

async function differencesOf(fetchCase: FetchCase, library: Library): Promise<Verdict> {
  const { name } = fetchCase;
  const [platform, passed, balanced] = await Promise.all([
    play(fetchCase, 'platform', library),
    play(fetchCase, 'pass-through', library),
    play(fetchCase, 'balanced', library),
  ]);
  const unlisted = compare(platform, passed).map((divergence) => line(name, 'pass-through', divergence));
  const met = new Set<string>();
  for (const divergence of compare(platform, balanced)) {
    const listed = differences.find(({ matches }) => matches(name, divergence));
    if (listed === undefined) unlisted.push(line(name, 'balanced', divergence));
    else met.add(listed.id);
  }
  return { unlisted, met };
}

function line(name: string, way: string, { path, platform, client }: Divergence): string {
  return `${name}, ${way}: ${path} is ${JSON.stringify(client)}, for fetch ${JSON.stringify(platform)}`;
}

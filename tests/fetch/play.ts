/** Plays one case with one fetch function, on servers of its own. */

import type { createClient as CreateClient, staticResolver as StaticResolver } from '../../src/index.js';
import { BOUNDARY } from './describe.js';
import { NO_SUCH_HOST, type FetchCase, type Stage } from './fetch-case.js';
import { startOrigins } from './origins.js';

/** The library under test: its sources inside Jest, the built package in the matrix. */
export interface Library {
  readonly createClient: typeof CreateClient;
  readonly staticResolver: typeof StaticResolver;
}

export type Way = 'platform' | 'pass-through' | 'balanced';

/** Long enough for a slow machine; a case that may hang says so, and hangs for all of a second. */
const PATIENCE_MS = 30_000;
const SHORT_PATIENCE_MS = 1_000;

/** @returns what the case observed, and what the servers did, as JSON with the same names for the same things in every run */
export async function play(fetchCase: FetchCase, way: Way, library: Library): Promise<unknown> {
  const origins = await startOrigins(fetchCase);
  const [origin, sibling, stranger] = origins.ports.map((port) => `http://localhost:${port}`) as [
    string,
    string,
    string,
  ];
  const { fetch, close } = fetchOf(way, library, origins.ports);
  const stage: Stage = {
    fetch: fetch as Stage['fetch'],
    origin,
    sibling,
    stranger,
    url: (path = '/') => `${origin}${path}`,
    arrived: origins.arrived,
    over: origins.over,
  };
  let observed: unknown;
  let received: unknown[];
  try {
    observed = await withinTime(fetchCase.run(stage), fetchCase);
  } finally {
    await close();
    received = await origins.close();
  }
  return normalised(fetchCase.receivesByChance ? { observed } : { observed, received }, origins.ports);
}

function fetchOf(way: Way, library: Library, ports: readonly number[]): { fetch: unknown; close(): Promise<void> } {
  if (way === 'platform') return { fetch: globalThis.fetch, close: async () => {} };
  const { createClient, staticResolver } = library;
  const listed =
    way === 'balanced'
      ? [...ports.slice(0, 2).map((port) => `localhost:${port}`), NO_SUCH_HOST.slice(7)]
      : ['elsewhere'];
  const services = Object.fromEntries(listed.map((name) => [name, { resolver: staticResolver([name]) }]));
  const client = createClient({ services });
  return { fetch: client.fetch, close: () => client.close({ timeoutMs: 0 }) };
}

async function withinTime(running: Promise<unknown>, { name, mayHang }: FetchCase): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve, reject) => {
    if (mayHang) timer = setTimeout(() => resolve('it hangs'), SHORT_PATIENCE_MS);
    else timer = setTimeout(() => reject(new Error(`'${name}' did not end`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Through JSON, so that what is compared is data; without the numbers that differ between any two runs. */
function normalised(record: unknown, ports: readonly number[]): unknown {
  let text = JSON.stringify(record, (_key, value: unknown) => (value === undefined ? '(undefined)' : value));
  // In URLs within URLs, the colon is escaped.
  ports.forEach(
    (port, index) => (text = text.replaceAll(new RegExp(`(:|%(?:25)*3A)${port}`, 'g'), `$1PORT${index + 1}`)),
  );
  text = text.replace(BOUNDARY, 'BOUNDARY').replace(/blob:nodedata:[\w-]+/g, 'blob:ID');
  return JSON.parse(text);
}

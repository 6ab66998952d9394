/**
 * A list of endpoints as text: one JSON document a line. The first line says whose list it is and when it was last
 * confirmed, then comes an endpoint a line, and the last line holds the checksum of everything before it, so that a
 * file that was cut off, edited or mixed up is recognized. Lines, because a list of thousands is then written piece by
 * piece instead of in one long turn of the event loop.
 *
 * The checksum finds accidents. Against malice stand the file's mode, and that what is read is checked like any answer.
 */

import { createHash } from 'node:crypto';

import type { Endpoint } from '../../core/endpoint.js';
import { describeError } from '../../core/errors.js';
import type { IgnoredFileReason } from '../../core/events.js';
import { isPlainObject } from '../../kit/option-error.js';
import { parseJson } from '../../kit/safe-json.js';
import { readAnswer } from './read-answer.js';

/** Whose list it is: a file is believed only by the same service with the same source. */
export interface ListOwner {
  readonly service: string;
  /** Kind of the resolver. */
  readonly resolver: string;
  /** Which one of its kind; only its hash is written. */
  readonly source: string | undefined;
}

export interface SavedList {
  readonly endpoints: readonly Endpoint[];
  /** Calendar time in milliseconds since 1970 at which discovery last confirmed the list. */
  readonly confirmedAtMs: number;
}

export type DecodedFile = SavedList | { readonly ignored: IgnoredFileReason; readonly detail: string };

const FORMAT = 'fairlead-endpoints';
const VERSION = 1;
/** How a file of ours begins, whatever its version. */
const OPENING = `{"format":"${FORMAT}",`;

/** About 50 KB of text: half a millisecond of the event loop. */
const ENDPOINTS_PER_CHUNK = 200;

/** Calendars of machines differ, and are set: a list may be from the near future. */
const CLOCK_SLACK_MS = 300_000;

/** The text in pieces, each ending with a line. */
export function* encodeSavedList({ endpoints, confirmedAtMs }: SavedList, owner: ListOwner): Generator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  const { service, resolver } = owner;
  const header = { format: FORMAT, version: VERSION, service, resolver, source: fingerprint(owner), confirmedAtMs };
  yield hashed(`${JSON.stringify({ ...header, endpoints: endpoints.length })}\n`);
  for (let from = 0; from < endpoints.length; from += ENDPOINTS_PER_CHUNK) {
    const lines = endpoints.slice(from, from + ENDPOINTS_PER_CHUNK).map((endpoint) => `${JSON.stringify(endpoint)}\n`);
    yield hashed(lines.join(''));
  }
  yield `${JSON.stringify({ sha256: hash.digest('hex') })}\n`;
}

/**
 * Reads what {@link encodeSavedList} wrote, or says why it must not be believed. Never throws.
 * @param nowMs calendar time
 * @param maxAgeMs how old the list may be
 */
export function decodeSavedList(text: string, owner: ListOwner, nowMs: number, maxAgeMs: number): DecodedFile {
  if (!text.startsWith(OPENING)) return { ignored: 'foreign', detail: 'it is no list of endpoints' };
  try {
    const { header, lines } = partsOf(text);
    const stranger = strangeness(header, owner);
    if (stranger !== undefined) return { ignored: 'foreign', detail: stranger };
    const confirmedAtMs = Number(header['confirmedAtMs']);
    const ageMs = nowMs - confirmedAtMs;
    if (!(ageMs >= -CLOCK_SLACK_MS)) return { ignored: 'too-old', detail: 'it says that it is from the future' };
    if (ageMs > maxAgeMs) return { ignored: 'too-old', detail: `it is ${Math.round(ageMs)} ms old` };
    // As any answer: only known fields are taken, hosts and ports are checked, and there is an end to how many.
    const { endpoints } = readAnswer({ endpoints: lines.map((line) => parseJson(line)) });
    return { endpoints, confirmedAtMs };
  } catch (error) {
    return { ignored: 'corrupted', detail: describeError(error) };
  }
}

/** @throws Error unless the checksum is right */
function partsOf(text: string): { header: Record<string, unknown>; lines: string[] } {
  const lastLine = text.lastIndexOf('\n', text.length - 2) + 1;
  const body = text.slice(0, lastLine);
  const [, stated] = /^\{"sha256":"([0-9a-f]{64})"\}\n$/.exec(text.slice(lastLine)) ?? [];
  if (stated === undefined) throw new Error('it has no end');
  if (createHash('sha256').update(body).digest('hex') !== stated) throw new Error('its checksum is wrong');
  const [first = '', ...lines] = body.slice(0, -1).split('\n');
  const header = parseJson(first);
  if (!isPlainObject(header) || header['endpoints'] !== lines.length) throw new Error('it is not complete');
  return { header, lines };
}

function strangeness(header: Record<string, unknown>, owner: ListOwner): string | undefined {
  const { version, service, resolver, source } = header;
  if (version !== VERSION) return 'it is of another version';
  if (service !== owner.service) return 'it is of another service';
  if (resolver !== owner.resolver || source !== fingerprint(owner)) return 'it is of another resolver';
  return undefined;
}

/** Tells sources apart without showing them: addresses of registries are nobody's business. */
function fingerprint({ resolver, source = '' }: ListOwner): string {
  return createHash('sha256').update(`${resolver}\n${source}`).digest('hex').slice(0, 32);
}

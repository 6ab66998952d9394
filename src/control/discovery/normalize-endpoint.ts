/**
 * Turns what a resolver says about one endpoint into an {@link Endpoint}, or into the reason why not.
 *
 * What comes in was typed by a person or sent by a registry, and it ends up in URLs, headers and sockets. So: only own,
 * known fields are read; every host, port and path has one strict form; and nothing is repaired that could be meant
 * differently.
 */

import type { Endpoint, EndpointInput, Scheme } from '../../core/endpoint.js';
import { canonicalHost } from '../../kit/host-syntax.js';
import { isUnixPath, unixPath } from '../../kit/unix-path.js';
import { describeValue } from '../../kit/option-error.js';
import { defaultId } from './default-id.js';
import { fieldsOf, Refused, type EndpointFields } from './endpoint-fields.js';
import { metadataOf } from './endpoint-metadata.js';
import type { Recognizer } from './recognizer.js';

/** Far beyond any sensible share, far below where sums of floating point weights lose small ones. */
const MAX_WEIGHT = 1_000_000;

/** As in Envoy, whose priorities end at 127. SRV allows 65535, but nobody numbers levels of fallback that high on purpose. */
const MAX_PRIORITY = 127;

const MAX_ID_LENGTH = 1_024;
const MAX_NAME_LENGTH = 255;
const MAX_BASE_PATH_LENGTH = 1_024;

/** Segments of RFC 3986 §3.3, none of them empty. */
const BASE_PATH = /^(?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$/;
/** `.` and `..`, also when their dots are encoded: URL parsers take them for steps. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Written out once: an answer may have ten thousand endpoints, and nearly all of them keep to the rules. */
const RULES = {
  port: 'port must be an integer from 1 to 65535',
  scheme: "scheme must be 'http' or 'https'",
  id: `id must be a string of 1 to ${MAX_ID_LENGTH} characters`,
  weight: `weight must be a number from 0 to ${MAX_WEIGHT}`,
  priority: `priority must be an integer from 0 to ${MAX_PRIORITY}`,
  region: `region must be a string of 1 to ${MAX_NAME_LENGTH} characters`,
  zone: `zone must be a string of 1 to ${MAX_NAME_LENGTH} characters`,
};

/**
 * @param recognizer of endpoints that are known, for example from the last answer: one that is said again is that very object
 * @returns the endpoint, frozen; or why the input is refused, in words. Never throws.
 */
export function normalizeEndpoint(input: EndpointInput, recognizer?: Recognizer): Endpoint | string {
  try {
    const fields = fieldsOf(input);
    return recognizer?.recognize(fields) ?? endpointFrom(fields);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    // A getter or a proxy of the author's, or a symbol where a string belongs.
    return 'it cannot be read';
  }
}

/** Each field is read once: a getter could say something else the second time. */
function endpointFrom(fields: EndpointFields): Endpoint {
  const { port, scheme, weight, priority, region, zone } = fields;
  const host = checkedHost(fields.host);
  if (port !== undefined && !isPort(port)) throw broken(RULES.port, port);
  if (scheme !== undefined && !isScheme(scheme)) throw broken(RULES.scheme, scheme);
  const basePath = basePathOf(fields.basePath);
  const id = idOf(fields.id, scheme, host, port, basePath);
  if (weight !== undefined && !isWeight(weight)) throw broken(RULES.weight, weight);
  if (priority !== undefined && !isPriority(priority)) throw broken(RULES.priority, priority);
  if (region !== undefined && !isName(region)) throw broken(RULES.region, region);
  if (zone !== undefined && !isName(zone)) throw broken(RULES.zone, zone);
  const { hostname } = fields;
  // One literal, without a spread: all endpoints have the same shape, and none is built twice.
  return Object.freeze({
    id,
    host,
    port,
    scheme,
    basePath,
    weight: weight ?? 1,
    priority: priority ?? 0,
    region,
    zone,
    hostname: hostname === undefined ? undefined : hostOf('hostname', hostname),
    metadata: metadataOf(fields.metadata),
  });
}

function broken(rule: string, value: unknown): Refused {
  return new Refused(`${rule}, got ${describeValue(value)}`);
}

function idOf(
  id: unknown,
  scheme: Scheme | undefined,
  host: string,
  port: number | undefined,
  basePath: string,
): string {
  if (id === undefined) return defaultId(scheme, host, port, basePath);
  if (!isId(id)) throw broken(RULES.id, id);
  return id;
}

function checkedHost(value: unknown): string {
  return isUnixHost(value) ? value : hostOf('host', value);
}

function hostOf(field: 'host' | 'hostname', value: unknown): string {
  const host = typeof value === 'string' ? canonicalHost(value) : undefined;
  if (host === undefined) throw new Refused(`${field} must be a host name or IP address, got ${describeValue(value)}`);
  return host;
}

function isUnixHost(value: unknown): value is string {
  const path = typeof value === 'string' ? unixPath(value) : undefined;
  return path !== undefined && isUnixPath(path);
}

function basePathOf(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new Refused(`basePath must be a string, got ${describeValue(value)}`);
  const path = value.replace(/\/$/, '');
  if (path === '') return '';
  if (path.length > MAX_BASE_PATH_LENGTH || !BASE_PATH.test(path) || DOT_SEGMENT.test(path)) {
    throw new Refused(
      `basePath must be a path such as '/api', without query, fragment or '..', got ${describeValue(value)}`,
    );
  }
  return path;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

function isScheme(value: unknown): value is Scheme {
  return value === 'http' || value === 'https';
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_WEIGHT;
}

function isPriority(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_PRIORITY;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_ID_LENGTH;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= MAX_NAME_LENGTH;
}

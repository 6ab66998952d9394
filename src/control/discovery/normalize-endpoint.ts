/**
 * Turns what a resolver says about one endpoint into an {@link Endpoint}, or into the reason why not.
 *
 * What comes in was typed by a person or sent by a registry, and it ends up in URLs, headers and sockets. So: only own,
 * known fields are read; every host, port and path has one strict form; and nothing is repaired that could be meant
 * differently.
 */

import type { Endpoint, EndpointInput, Scheme } from '../../core/endpoint.js';
import { canonicalHost, parseHostPort } from '../../kit/host-syntax.js';
import { isUnixPath, unixPath } from '../../kit/unix-path.js';
import { describeValue } from '../../kit/option-error.js';
import type { Known } from './same-endpoints.js';

/** Far beyond any sensible share, far below where sums of floating point weights lose small ones. */
const MAX_WEIGHT = 1_000_000;

/** As in Envoy, whose priorities end at 127. SRV allows 65535, but nobody numbers levels of fallback that high on purpose. */
const MAX_PRIORITY = 127;

const MAX_ID_LENGTH = 1_024;
const MAX_NAME_LENGTH = 255;
const MAX_BASE_PATH_LENGTH = 1_024;

/** Metadata is for people and metrics: what is too much is dropped, without costing the endpoint. */
const MAX_METADATA_ENTRIES = 64;
const MAX_METADATA_KEY_LENGTH = 255;
const MAX_METADATA_VALUE_LENGTH = 1_024;

/** Segments of RFC 3986 §3.3, none of them empty. */
const BASE_PATH = /^(?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$/;
/** `.` and `..`, also when their dots are encoded: URL parsers take them for steps. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

const URL_FORM = /^(https?):\/\/([^/?#]*)(.*)$/s;

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

/** Thrown by the checks below and caught at once: it carries the reason. */
class Refused extends Error {}

type Fields = Record<keyof Exclude<EndpointInput, string>, unknown>;

/**
 * @param known endpoints by id, for example those of the last answer: the same endpoint said again is that very object
 * @returns the endpoint, frozen; or why the input is refused, in words. Never throws.
 */
export function normalizeEndpoint(input: EndpointInput, known?: Known): Endpoint | string {
  try {
    const fields = typeof input === 'string' ? fieldsOfText(input) : fieldsOfObject(input);
    return (known === undefined ? undefined : recognize(fields, known)) ?? endpointFrom(fields);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    // A getter or a proxy of the author's, or a symbol where a string belongs.
    return 'it cannot be read';
  }
}

/** `scheme://host:port/basePath`, so that the same server has the same identity whoever names it. */
export function defaultId({
  scheme,
  host,
  port,
  basePath,
}: Pick<Endpoint, 'scheme' | 'host' | 'port' | 'basePath'>): string {
  if (unixPath(host) !== undefined) return scheme === undefined ? host + basePath : `${scheme}+${host}${basePath}`;
  const authority = host.includes(':') ? `[${host}]` : host;
  return `${scheme ?? 'http'}://${authority}${port === undefined ? '' : `:${port}`}${basePath}`;
}

/**
 * The endpoint that these fields describe, if it is known and every field says the same: it was checked when it was new.
 * Most answers repeat the one before, and ten thousand endpoints made anew are as much work for the garbage collector.
 */
function recognize(fields: Partial<Fields>, known: Known): Endpoint | undefined {
  const { host, port, scheme, basePath = '', weight = 1, priority = 0 } = fields;
  const { id = usualId(host, port, scheme, basePath) } = fields;
  const endpoint = known.get(id as string);
  return endpoint !== undefined &&
    endpoint.host === host &&
    endpoint.port === port &&
    endpoint.scheme === scheme &&
    endpoint.basePath === basePath &&
    endpoint.weight === weight &&
    endpoint.priority === priority &&
    endpoint.region === fields.region &&
    endpoint.zone === fields.zone &&
    endpoint.hostname === fields.hostname &&
    isSameMetadata(fields.metadata, endpoint.metadata)
    ? endpoint
    : undefined;
}

/** Undefined when there can be none; whoever checks the fields then says why. */
function usualId(host: unknown, port: unknown, scheme: unknown, basePath: unknown): string | undefined {
  if (typeof host !== 'string' || typeof basePath !== 'string') return undefined;
  if (port !== undefined && typeof port !== 'number') return undefined;
  if (scheme !== undefined && typeof scheme !== 'string') return undefined;
  return defaultId({ scheme: scheme as Scheme | undefined, host, port, basePath });
}

function isSameMetadata(value: unknown, metadata: Endpoint['metadata']): boolean {
  if (value === undefined) return metadata === NO_METADATA;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  for (const key of keys) if (metadata[key] !== (value as Record<string, unknown>)[key]) return false;
  return keys.length === Object.keys(metadata).length;
}

function endpointFrom(fields: Partial<Fields>): Endpoint {
  const host = isUnixHost(fields.host) ? fields.host : hostOf('host', fields.host);
  const port = optional(fields.port, isPort, RULES.port);
  const scheme = optional(fields.scheme, isScheme, RULES.scheme);
  const basePath = basePathOf(fields.basePath);
  // One literal, without a spread: all endpoints have the same shape, and none is built twice.
  return Object.freeze({
    id: optional(fields.id, isId, RULES.id) ?? defaultId({ scheme, host, port, basePath }),
    host,
    port,
    scheme,
    basePath,
    weight: optional(fields.weight, isWeight, RULES.weight) ?? 1,
    priority: optional(fields.priority, isPriority, RULES.priority) ?? 0,
    region: optional(fields.region, isName, RULES.region),
    zone: optional(fields.zone, isName, RULES.zone),
    hostname: fields.hostname === undefined ? undefined : hostOf('hostname', fields.hostname),
    metadata: metadataOf(fields.metadata),
  });
}

function fieldsOfText(text: string): Partial<Fields> {
  if (unixPath(text) !== undefined) return { host: text };
  const url = URL_FORM.exec(text);
  const authority = url === null ? text : url[2];
  const parsed = parseHostPort(authority ?? '');
  if (parsed === undefined) throw new Refused("must be 'host:port', '[IPv6]:port' or 'http://host:port/base'");
  return { ...parsed, ...(url && { scheme: url[1], basePath: url[3] }) };
}

function fieldsOfObject(input: object): Partial<Fields> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Refused('must be a string or an object with a host');
  }
  // Own properties only: a polluted Object.prototype must not give every endpoint a hostname.
  const fields = noFields();
  for (const name of Object.keys(input) as (keyof Fields)[])
    // `in` would find Object.prototype's own, and a registry may send "__proto__".
    if (Object.hasOwn(fields, name)) fields[name] = (input as Fields)[name];
  return fields;
}

/** All of them, so that every endpoint is read from an object of the same shape. */
function noFields(): Fields {
  return {
    host: undefined,
    port: undefined,
    scheme: undefined,
    basePath: undefined,
    id: undefined,
    weight: undefined,
    priority: undefined,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: undefined,
  };
}

function optional<T>(value: unknown, accepts: (value: unknown) => value is T, rule: string): T | undefined {
  if (value === undefined) return undefined;
  if (!accepts(value)) throw new Refused(`${rule}, got ${describeValue(value)}`);
  return value;
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

const NO_METADATA: Endpoint['metadata'] = Object.freeze(Object.create(null) as Record<string, string>);

function metadataOf(value: unknown): Endpoint['metadata'] {
  if (value === undefined) return NO_METADATA;
  // Without a prototype, so that looking up any key finds what the source said, or nothing.
  // Not by Object.create(null), which makes a hash table of it: ten thousand of those are a pause for the collector.
  const metadata: Record<string, string> = {};
  Object.setPrototypeOf(metadata, null);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refused(`metadata must be an object of strings, got ${describeValue(value)}`);
  }
  let entries = 0;
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (typeof item !== 'string' || item.length > MAX_METADATA_VALUE_LENGTH) continue;
    if (key.length > MAX_METADATA_KEY_LENGTH) continue;
    if (++entries > MAX_METADATA_ENTRIES) break;
    metadata[key] = item;
  }
  return Object.freeze(metadata);
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

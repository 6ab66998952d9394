/**
 * What `/v1/health/service/:name` answers, as endpoints. Nothing about the body is taken for granted: only known fields
 * are read, and an entry that makes no endpoint is handed on as it is, to be refused and reported like any other.
 *
 * Written plainly, field by field: a service of ten thousand instances comes here as a whole whenever one of them changes.
 */

import type { EndpointInput } from '../../../core/endpoint.js';

type Fields = Readonly<Record<string, unknown>>;
type EndpointFields = Exclude<EndpointInput, string>;
type Status = 'passing' | 'warning' | 'critical';

/** An entry that may be used, and what decides between several at one address. */
interface Candidate {
  readonly id: string;
  readonly status: Status;
  readonly endpoint: EndpointFields;
}

const NOTHING: Fields = Object.freeze({});

/** As large as Consul allows; whatever is not a number above it or below zero is no weight. */
const MAX_WEIGHT = 65_535;

/** Of zones and regions; a longer one is not worth an endpoint. */
const MAX_NAME_LENGTH = 255;

/**
 * In Consul's order. Critical entries are left out. Of several at one address, which an unclean restart under a new id
 * leaves behind, the healthiest counts, then the one with the smallest id.
 *
 * @throws Error when the body is none of Consul's, or when nobody vouches for its emptiness: could not ask
 */
export function parseHealthEntries(body: unknown, { headers }: { readonly headers: Headers }): EndpointInput[] {
  if (!Array.isArray(body)) throw new Error('the body is no array of health entries');
  if (body.length === 0 && headers.get('x-consul-knownleader') === 'false') {
    throw new Error('nobody is known to a server without a leader');
  }
  const candidates = new Map<unknown, Candidate>();
  for (const entry of body as unknown[]) {
    const candidate = readEntry(entry);
    if (candidate.status === 'critical') continue;
    const address = addressOf(candidate);
    const other = candidates.get(address);
    if (other === undefined || isBetter(candidate, other)) candidates.set(address, candidate);
  }
  return Array.from(candidates.values(), ({ endpoint }) => endpoint);
}

/** What makes two entries the same; one without a proper address is like no other. */
function addressOf(candidate: Candidate): unknown {
  const { host, port } = candidate.endpoint as Fields;
  return typeof host === 'string' && (port === undefined || typeof port === 'number') ? `${host} ${port}` : candidate;
}

function isBetter(candidate: Candidate, other: Candidate): boolean {
  if (candidate.status !== other.status) return candidate.status === 'passing';
  return candidate.id < other.id;
}

function readEntry(entry: unknown): Candidate {
  const fields = fieldsOf(entry);
  const node = fieldsOf(fields['Node']);
  const service = fieldsOf(fields['Service']);
  const status = worstOf(fields['Checks']);
  const id = text(service['ID']) ?? '';
  const endpoint: { -readonly [name in keyof EndpointFields]?: unknown } = {
    // Consul: a service without an address of its own is at its node's.
    host: text(service['Address']) ?? node['Address'],
    weight: weightFor(status, fieldsOf(service['Weights'])),
    metadata: metadataOf(node, service, id),
  };
  const port = service['Port'];
  const zone = placeOf(node, service, 'zone', 'Zone');
  const region = placeOf(node, service, 'region', 'Region') ?? nameOf(node['Datacenter']);
  // Zero is Consul's "none".
  if (port !== 0 && port !== undefined) endpoint.port = port;
  if (zone !== undefined) endpoint.zone = zone;
  if (region !== undefined) endpoint.region = region;
  return { id, status, endpoint: endpoint as EndpointFields };
}

/** The worst check decides. A status that is none of the three, such as the old `maintenance`, promises nothing good. */
function worstOf(checks: unknown): Status {
  if (!Array.isArray(checks)) return 'passing';
  let worst: Status = 'passing';
  for (const check of checks as unknown[]) {
    const status = fieldsOf(check)['Status'];
    if (status === 'warning') worst = 'warning';
    else if (status !== 'passing') return 'critical';
  }
  return worst;
}

function weightFor(status: Status, weights: Fields): number {
  const weight = status === 'warning' ? weights['Warning'] : weights['Passing'];
  return typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT ? weight : 1;
}

/** What an instance says of itself goes before what its node says. `Locality` is Consul's own since 1.17. */
function placeOf(node: Fields, service: Fields, key: string, localityKey: string): string | undefined {
  return placeIn(service, key, localityKey) ?? placeIn(node, key, localityKey);
}

function placeIn(source: Fields, key: string, localityKey: string): string | undefined {
  return nameOf(fieldsOf(source['Meta'])[key]) ?? nameOf(fieldsOf(source['Locality'])[localityKey]);
}

/** The instance's own, and what Consul knows under names with a dot, which no key of Consul's `Meta` may have. */
function metadataOf(node: Fields, service: Fields, id: string): Record<string, string> {
  const metadata: Record<string, string> = {};
  const { Tags: tags } = service;
  put(metadata, 'consul.id', id);
  put(metadata, 'consul.node', node['Node']);
  put(metadata, 'consul.datacenter', node['Datacenter']);
  put(metadata, 'consul.tags', Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').join(',') : '');
  const own = fieldsOf(service['Meta']);
  for (const key of Object.keys(own)) {
    const value = own[key];
    if (typeof value === 'string' && !key.startsWith('consul.')) metadata[key] = value;
  }
  return metadata;
}

function put(metadata: Record<string, string>, key: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') metadata[key] = value;
}

/** The body comes from a JSON parser, so whatever is an object and no array is a plain one. */
function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NOTHING;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH ? value : undefined;
}

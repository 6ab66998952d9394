/**
 * What `/v1/health/service/:name` answers, as endpoints. Nothing about the body is taken for granted: only known fields
 * are read, and an entry that makes no endpoint is handed on as it is, to be refused and reported like any other.
 */

import type { EndpointInput } from '../../../core/endpoint.js';
import { isPlainObject } from '../../../kit/option-error.js';

type Fields = Readonly<Record<string, unknown>>;
type EndpointFields = Exclude<EndpointInput, string>;
type Status = 'passing' | 'warning' | 'critical';

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
  const candidates = new Map<string, Candidate>();
  for (const entry of body as unknown[]) {
    const candidate = readEntry(entry);
    if (candidate.status === 'critical') continue;
    const address = JSON.stringify([candidate.endpoint.host, candidate.endpoint.port]);
    const other = candidates.get(address);
    if (other === undefined || isBetter(candidate, other)) candidates.set(address, candidate);
  }
  return [...candidates.values()].map(({ endpoint }) => endpoint);
}

function isBetter(candidate: Candidate, other: Candidate): boolean {
  if (candidate.status !== other.status) return candidate.status === 'passing';
  return candidate.id < other.id;
}

function readEntry(entry: unknown): Candidate {
  const { Node, Service, Checks } = fieldsOf(entry);
  const node = fieldsOf(Node);
  const service = fieldsOf(Service);
  const status = worstOf(Checks);
  const { Port: port } = service;
  const endpoint = {
    // Consul: a service without an address of its own is at its node's.
    host: text(service['Address']) ?? node['Address'],
    ...(port === 0 || port === undefined ? {} : { port }),
    weight: weightFor(status, fieldsOf(service['Weights'])),
    ...locality(node, service),
    metadata: metadataOf(node, service),
  } as EndpointFields;
  return { id: text(service['ID']) ?? '', status, endpoint };
}

/** The worst check decides. A status that is none of the three, such as the old `maintenance`, promises nothing good. */
function worstOf(checks: unknown): Status {
  let worst: Status = 'passing';
  for (const check of Array.isArray(checks) ? (checks as unknown[]) : []) {
    const status = fieldsOf(check)['Status'];
    if (status === 'warning') worst = 'warning';
    else if (status !== 'passing') return 'critical';
  }
  return worst;
}

function weightFor(status: Status, { Passing, Warning }: Fields): number {
  const weight = status === 'warning' ? Warning : Passing;
  return typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT ? weight : 1;
}

/** What an instance says of itself goes before what its node says. `Locality` is Consul's own since 1.17. */
function locality(node: Fields, service: Fields): Pick<EndpointFields, 'zone' | 'region'> {
  const said = [service['Meta'], service['Locality'], node['Meta'], node['Locality']].map(fieldsOf);
  const find = (...names: string[]): string | undefined =>
    said
      .flatMap((fields) => names.map((name) => text(fields[name])))
      .find((value) => value !== undefined && value.length <= MAX_NAME_LENGTH);
  const zone = find('zone', 'Zone');
  const region = find('region', 'Region') ?? text(node['Datacenter']);
  return { ...(zone === undefined ? {} : { zone }), ...(region === undefined ? {} : { region }) };
}

/** The instance's own, and what Consul knows under names with a dot, which no key of Consul's `Meta` may have. */
function metadataOf(node: Fields, service: Fields): Record<string, string> {
  const tags = Array.isArray(service['Tags']) ? service['Tags'].filter((tag) => typeof tag === 'string') : [];
  const known: readonly [string, string | undefined][] = [
    ['consul.id', text(service['ID'])],
    ['consul.node', text(node['Node'])],
    ['consul.datacenter', text(node['Datacenter'])],
    ['consul.tags', text(tags.join(','))],
  ];
  const metadata: Record<string, string> = {};
  for (const [key, value] of known) if (value !== undefined) metadata[key] = value;
  for (const [key, value] of Object.entries(fieldsOf(service['Meta']))) {
    if (typeof value === 'string' && !Object.hasOwn(metadata, key)) metadata[key] = value;
  }
  return metadata;
}

function fieldsOf(value: unknown): Fields {
  return isPlainObject(value) ? value : NOTHING;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

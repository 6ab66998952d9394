/**
 * An EndpointSlice (`discovery.k8s.io/v1`) as far as it matters here, read distrustfully. A slice without a name or a
 * version cannot be kept, and is an error; a kind of address that we do not know yet, or one bad endpoint among good ones,
 * is left out, with the reason.
 */

import { isIP } from 'node:net';
import { canonicalHost } from '../../../kit/host-syntax.js';
import { describeValue, isPlainObject } from '../../../kit/option-error.js';
import type { Refusal } from '../../discovery/read-answer.js';

export interface EndpointSlice {
  readonly name: string;
  /** Undefined for the deprecated `FQDN` slices, whose addresses are host names. */
  readonly family: 4 | 6 | undefined;
  /** TCP only. */
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
  /** Endpoints that cannot be used. */
  readonly refused: readonly Refusal[];
}

export interface SlicePort {
  /** Empty for the only port of a service, which need not have a name. */
  readonly name: string;
  /** Undefined means every port. */
  readonly port: number | undefined;
  readonly appProtocol: string | undefined;
}

export interface SliceEndpoint {
  readonly address: string;
  readonly ready: boolean;
  /** It still answers, though it is on its way out: not ready, because it is being terminated. */
  readonly servesOut: boolean;
  readonly zone: string | undefined;
  readonly node: string | undefined;
  readonly hostname: string | undefined;
  /** What is behind the address, for example a pod. */
  readonly target: SliceTarget | undefined;
  /** Which zones it is meant for; empty when nobody has said. */
  readonly hintedZones: readonly string[];
}

export interface SliceTarget {
  readonly kind: string;
  readonly name: string;
  readonly uid: string | undefined;
}

/** As in `metadata` of every object. */
export interface ObjectMeta {
  readonly name: string;
  readonly version: string;
}

/** The API server accepts no longer names. */
const MAX_TEXT = 253;

const FAMILIES: Readonly<Record<string, 4 | 6 | undefined>> = { IPv4: 4, IPv6: 6, FQDN: undefined };

/** @throws Error that says what is missing */
export function readSlice(object: unknown): EndpointSlice {
  if (!isPlainObject(object)) throw new Error(`an EndpointSlice is ${describeValue(object)}`);
  const { name } = readMeta(object);
  const addressType = object['addressType'];
  if (typeof addressType !== 'string' || !Object.hasOwn(FAMILIES, addressType)) {
    const reason = `its address type is ${describeValue(addressType)}`;
    return {
      name,
      family: undefined,
      ports: [],
      endpoints: [],
      refused: [{ input: `the EndpointSlice ${name}`, reason }],
    };
  }
  const family = FAMILIES[addressType];
  const refused: Refusal[] = [];
  const endpoints: SliceEndpoint[] = [];
  for (const item of listOf(object['endpoints'])) {
    const endpoint = readEndpoint(item, family);
    if (typeof endpoint === 'string') refused.push({ input: `an endpoint of ${name}`, reason: endpoint });
    else endpoints.push(endpoint);
  }
  return { name, family, ports: listOf(object['ports']).flatMap(readPort), endpoints, refused };
}

/** @throws Error */
export function readMeta(object: Record<string, unknown>): ObjectMeta {
  const meta = isPlainObject(object['metadata']) ? object['metadata'] : {};
  const name = text(meta['name']);
  if (name === undefined) throw new Error('an EndpointSlice has no name');
  return { name, version: readVersion(object) };
}

/** @throws Error */
export function readVersion(object: unknown): string {
  const meta = isPlainObject(object) && isPlainObject(object['metadata']) ? object['metadata'] : {};
  const version = meta['resourceVersion'];
  // Opaque by contract, but it goes into a URL and is kept.
  if (typeof version === 'string' && /^[\w.:-]{1,128}$/.test(version)) return version;
  throw new Error('an answer has no resourceVersion');
}

function readEndpoint(item: unknown, family: EndpointSlice['family']): SliceEndpoint | string {
  if (!isPlainObject(item)) return `it is ${describeValue(item)}`;
  // "These are all assumed to be fungible and clients may choose to only use the first element." (API reference)
  const stated = listOf(item['addresses'])[0];
  const address = typeof stated === 'string' ? canonicalHost(stated) : undefined;
  if (address === undefined) return `its address is ${describeValue(stated)}`;
  if (family !== undefined && isIP(address) !== family) return `${describeValue(stated)} is no IPv${family} address`;
  const conditions = isPlainObject(item['conditions']) ? item['conditions'] : {};
  // The API reference on absent conditions: ready and serving are to be taken for true, terminating for false.
  const ready = conditions['ready'] !== false;
  return {
    address,
    ready,
    servesOut: !ready && conditions['serving'] !== false && conditions['terminating'] === true,
    zone: text(item['zone']),
    node: text(item['nodeName']),
    hostname: text(item['hostname']),
    target: readTarget(item['targetRef']),
    hintedZones: hintedZones(item['hints']),
  };
}

function readPort(item: unknown): SlicePort[] {
  if (!isPlainObject(item)) return [];
  const { name, port, protocol, appProtocol } = item;
  if (protocol !== undefined && protocol !== null && protocol !== 'TCP') return [];
  const everyPort = port === undefined || port === null;
  if (!everyPort && !(Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535)) return [];
  return [
    {
      name: typeof name === 'string' ? name : '',
      port: everyPort ? undefined : (port as number),
      appProtocol: text(appProtocol),
    },
  ];
}

function readTarget(target: unknown): SliceTarget | undefined {
  if (!isPlainObject(target)) return undefined;
  const [kind, name] = [text(target['kind']), text(target['name'])];
  return kind === undefined || name === undefined ? undefined : { kind, name, uid: text(target['uid']) };
}

function hintedZones(hints: unknown): string[] {
  if (!isPlainObject(hints)) return [];
  return listOf(hints['forZones']).flatMap((zone) => (isPlainObject(zone) ? (text(zone['name']) ?? []) : []));
}

/** Go writes an empty list as null. */
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : undefined;
}

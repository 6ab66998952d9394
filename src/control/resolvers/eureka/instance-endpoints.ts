/**
 * Eureka's instances as endpoints: those that are up, at the port that is enabled. An instance that makes no endpoint
 * is handed on as it is, to be refused and reported like any other.
 */

import type { EndpointInput } from '../../../core/endpoint.js';
import { isValidHost } from '../../../kit/host-syntax.js';
import { isIpLiteral } from '../../../kit/ip-address.js';
import { fieldsOf, idOf, text, type EurekaInstance, type Fields } from './applications.js';

type EndpointFields = Exclude<EndpointInput, string>;

export interface InstanceChoice {
  /** Undefined: each instance's plain port if that is enabled, else its secure one. */
  readonly secure: boolean | undefined;
  readonly preferIp: boolean;
}

interface Candidate {
  /** When the server last heard something new of it. */
  readonly updatedMs: number;
  readonly endpoint: EndpointFields;
}

/** Of zones; a longer one is not worth an endpoint. */
const MAX_NAME_LENGTH = 255;

/**
 * Of several at one address, which an unclean restart under a new id leaves behind, the one updated last counts.
 *
 * @throws Error when instances are up, and none of them can be reached as asked for: that is not "nobody"
 */
export function endpointsOf(instances: readonly EurekaInstance[], choice: InstanceChoice): EndpointInput[] {
  const candidates = new Map<string, Candidate>();
  const up = instances.filter(isUp);
  for (const { fields } of up) {
    const endpoint = endpointOf(fields, choice);
    if (endpoint === undefined) continue;
    const updatedMs = Number(fields['lastUpdatedTimestamp']) || 0;
    const address = `${endpoint.scheme}://${endpoint.host} ${endpoint.port}`;
    const other = candidates.get(address);
    if (other === undefined || other.updatedMs < updatedMs) candidates.set(address, { updatedMs, endpoint });
  }
  if (candidates.size === 0 && up.length > 0) {
    const port = choice.secure === undefined ? 'a port' : choice.secure ? 'its secure port' : 'its plain port';
    throw new Error(`${up.length} instances are up, and none of them has ${port} enabled`);
  }
  return [...candidates.values()].map(({ endpoint }) => endpoint);
}

/**
 * The server has worked an override into the status; a replica that has not yet, but knows of it, is taken at its word
 * when somebody took the instance out, not when somebody forced it in.
 */
function isUp({ status, fields }: EurekaInstance): boolean {
  const override = text(fields['overriddenStatus']) ?? text(fields['overriddenstatus']) ?? 'UNKNOWN';
  return status === 'UP' && (override === 'UNKNOWN' || override === 'UP');
}

/** Undefined for an instance that does not offer what is asked for. */
function endpointOf(fields: Fields, { secure, preferIp }: InstanceChoice): EndpointFields | undefined {
  const plain = enabledPort(fields['port']);
  const securePort = enabledPort(fields['securePort']);
  const isSecure = secure ?? plain === undefined;
  const port = isSecure ? securePort : plain;
  if (port === undefined) return undefined;
  const zone = zoneOf(fields);
  const { hostName, ipAddr } = fields;
  return {
    host: (preferIp ? [ipAddr, hostName] : [hostName, ipAddr]).find(isHost) ?? hostName,
    port,
    scheme: isSecure ? 'https' : 'http',
    // What the certificate is for.
    ...(isSecure && isHost(hostName) && !isIpLiteral(hostName) ? { hostname: hostName } : {}),
    ...(zone === undefined ? {} : { zone }),
    metadata: metadataOf(fields),
  } as EndpointFields;
}

/** `{ "$": 8080, "@enabled": "true" }`; the number may be a text, and the text a boolean. */
function enabledPort(value: unknown): unknown {
  const { $: number, '@enabled': enabled } = fieldsOf(value);
  if (enabled !== true && enabled !== 'true') return undefined;
  return typeof number === 'string' && /^\d{1,5}$/.test(number) ? Number(number) : number;
}

function isHost(value: unknown): value is string {
  return typeof value === 'string' && isValidHost(value);
}

/** What an instance says of itself goes before where Amazon put it. */
function zoneOf(fields: Fields): string | undefined {
  const { metadata } = fieldsOf(fields['dataCenterInfo']);
  return [fieldsOf(fields['metadata'])['zone'], fieldsOf(metadata)['availability-zone']]
    .map(text)
    .find((zone) => zone !== undefined && zone !== '' && zone.length <= MAX_NAME_LENGTH);
}

/** The instance's own, and what Eureka knows under names of ours. */
function metadataOf(fields: Fields): Record<string, string> {
  const metadata: Record<string, string> = { 'eureka.instanceId': idOf(fields) };
  const app = text(fields['app']);
  if (app !== undefined) metadata['eureka.app'] = app;
  for (const [key, value] of Object.entries(fieldsOf(fields['metadata']))) {
    // Java's empty map arrives as its class: { "@class": "java.util.Collections$EmptyMap" }.
    if (typeof value === 'string' && !key.startsWith('@') && !Object.hasOwn(metadata, key)) metadata[key] = value;
  }
  return metadata;
}

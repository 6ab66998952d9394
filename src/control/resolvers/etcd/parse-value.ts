/** What services write about themselves into etcd, in the shapes that are in use. */

import type { EndpointInput } from '../../../core/endpoint.js';
import { isPlainObject } from '../../../kit/option-error.js';
import { parseJson } from '../../../kit/safe-json.js';
import { withLabels } from '../http-sd.js';

/** Who writes them: etcd's own package for Go, Kitex and Hertz, Traefik and vulcand. */
const ADDRESS_FIELDS = ['Addr', 'addr', 'Address', 'address', 'URL', 'Url', 'url'];
const METADATA_FIELDS = ['Metadata', 'metadata', 'Meta', 'meta', 'tags'];

/** Of the updates of etcd's Go package: 0 adds, 1 deletes. */
const DELETES = 1;

/**
 * `host:port` or a URL, bare or as a JSON string; a JSON object as an endpoint has it; an object with an address, as
 * etcd's own package for Go (`naming/endpoints`) writes it: `{ "Op": 0, "Addr": "host:port", "Metadata": … }`; or an
 * array of any of these.
 *
 * @returns undefined for an entry that says of itself that it is deleted
 * @throws Error for JSON that is broken or nested too deeply, or names no address
 */
export function parseValue(value: string): EndpointInput | readonly EndpointInput[] | undefined {
  const text = value.trim();
  // A bracket may also begin an IPv6 address.
  if (!/^(?:\[\s*)?[{"]/.test(text)) return text;
  const parsed = parseJson(text);
  return Array.isArray(parsed) ? parsed.flatMap((each: unknown) => readItem(each) ?? []) : readItem(parsed);
}

function readItem(item: unknown): EndpointInput | undefined {
  if (!isPlainObject(item) || Object.hasOwn(item, 'host')) return item as EndpointInput;
  if (item['Op'] === DELETES) return undefined;
  const address = ADDRESS_FIELDS.map((name) => item[name]).find((field) => typeof field === 'string');
  if (address === undefined) throw new Error(`the object has no host, and none of ${ADDRESS_FIELDS.join(', ')}`);
  const metadata = METADATA_FIELDS.map((name) => item[name]).find(isPlainObject) ?? {};
  const endpoint = withLabels(address, textsOf(metadata));
  if (typeof endpoint === 'string') return endpoint;
  // What stands beside the address was meant for whoever balances.
  const { weight, priority, zone, region } = item;
  return { ...endpoint, ...definedOnly({ weight, priority, zone, region }) };
}

/** Metadata are texts; numbers and the like are written as such. */
function textsOf(metadata: Record<string, unknown>): Record<string, string> {
  const simple = Object.entries(metadata).filter(([, value]) => /^(?:string|number|boolean)$/.test(typeof value));
  return Object.fromEntries(simple.map(([key, value]) => [key, String(value)]));
}

function definedOnly(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

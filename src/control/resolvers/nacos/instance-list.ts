/**
 * What Nacos answers to the question who serves a name, in the three forms that its interfaces have, as endpoints.
 * Nothing about a body is taken for granted; an instance that makes no endpoint is handed on as it is, to be refused and
 * reported like any other.
 */

import type { EndpointInput } from '../../../core/endpoint.js';
import { isPlainObject } from '../../../kit/option-error.js';
import type { NacosVersion } from './nacos-options.js';

export interface InstanceList {
  readonly endpoints: readonly EndpointInput[];
  /** When the server put the list together, by its own clock, in milliseconds; undefined when it does not say. */
  readonly madeAtMs: number | undefined;
  /** How long the server wants it to be kept, in milliseconds; undefined when it does not say. */
  readonly keepForMs: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type EndpointFields = Exclude<EndpointInput, string>;

/** The cluster of whoever was put into none: it says nothing about where somebody is. */
const NO_CLUSTER = 'DEFAULT';

const MAX_NAME_LENGTH = 255;

/** Of what the server says to a failure. */
const MAX_EXCERPT = 200;

/** @throws Error for a failure, and for what is no such list */
export function readInstanceList(body: unknown, version: NacosVersion): InstanceList {
  if (!isPlainObject(body)) throw new Error('the body is no object');
  const list = version === 'v1' ? body : resultOf(body);
  const { hosts, lastRefTime, cacheMillis }: Fields =
    version === 'v3' ? { hosts: list } : isPlainObject(list) ? list : {};
  if (!Array.isArray(hosts)) throw new Error('the body holds no list of instances');
  return {
    endpoints: endpointsOf(hosts as unknown[]),
    madeAtMs: positive(lastRefTime),
    keepForMs: positive(cacheMillis),
  };
}

/** `{ code: 0, message, data }`; any other code is a failure. */
function resultOf({ code, message, data }: Fields): unknown {
  if (code === 0) return data;
  const said = typeof message === 'string' ? `: ${message.slice(0, MAX_EXCERPT)}` : '';
  throw new Error(Number.isInteger(code) ? `code ${String(code)}${said}` : 'the body holds no result');
}

function endpointsOf(hosts: readonly unknown[]): EndpointInput[] {
  const endpoints = new Map<string, EndpointFields>();
  for (const host of hosts) {
    if (!isPlainObject(host)) throw new Error('the body holds an instance that is none');
    if (!isUsable(host)) continue;
    const endpoint = endpointOf(host);
    // One address may be registered in several clusters.
    const address = `${endpoint.host} ${endpoint.port}`;
    if (!endpoints.has(address)) endpoints.set(address, endpoint);
  }
  return [...endpoints.values()];
}

/** What is absent is Nacos' own default (`com.alibaba.nacos.api.naming.pojo.Instance`). 1.x said `valid` as well. */
function isUsable({ enabled = true, valid = true, healthy = valid, weight = 1 }: Fields): boolean {
  return enabled === true && healthy === true && (typeof weight !== 'number' || weight > 0);
}

function endpointOf(fields: Fields): EndpointFields {
  const { ip, port, weight, clusterName, instanceId } = fields;
  const own = isPlainObject(fields['metadata']) ? fields['metadata'] : {};
  const cluster = name(clusterName);
  const zone = name(own['zone']) ?? (cluster === NO_CLUSTER ? undefined : cluster);
  const metadata: Record<string, string> = {};
  if (typeof instanceId === 'string') metadata['nacos.instanceId'] = instanceId;
  if (cluster !== undefined) metadata['nacos.cluster'] = cluster;
  for (const [key, value] of Object.entries(own)) {
    if (typeof value === 'string' && !Object.hasOwn(metadata, key)) metadata[key] = value;
  }
  return {
    host: ip,
    port,
    ...(weight === undefined ? {} : { weight }),
    ...(zone === undefined ? {} : { zone }),
    metadata,
  } as EndpointFields;
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH ? value : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value < Infinity ? value : undefined;
}

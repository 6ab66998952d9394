/** What an input says, field by field and unchecked: from a text, or from an object's own fields and no others. */

import type { EndpointInput } from '../../core/endpoint.js';
import { parseHostPort } from '../../kit/host-syntax.js';
import { unixPath } from '../../kit/unix-path.js';

/** Thrown where an input is read, and caught at once: it carries the reason. */
export class Refused extends Error {}

type FieldName = keyof Exclude<EndpointInput, string>;

export type EndpointFields = Readonly<Record<FieldName, unknown>>;

const URL_FORM = /^(https?):\/\/([^/?#]*)(.*)$/s;

/** @throws Refused */
export function fieldsOf(input: unknown): EndpointFields {
  if (typeof input === 'string') return fieldsOfText(input);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Refused('must be a string or an object with a host');
  }
  // A polluted Object.prototype must not give every endpoint a hostname. Where it is clean, the object can be read as it is.
  return Object.getPrototypeOf(input) === Object.prototype && !isPolluted()
    ? (input as EndpointFields)
    : ownFields(input as EndpointFields);
}

function fieldsOfText(text: string): EndpointFields {
  const fields = noFields();
  if (unixPath(text) !== undefined) {
    fields.host = text;
    return fields;
  }
  const url = URL_FORM.exec(text);
  const parsed = parseHostPort((url === null ? text : url[2]) ?? '');
  if (parsed === undefined) throw new Refused("must be 'host:port', '[IPv6]:port' or 'http://host:port/base'");
  fields.host = parsed.host;
  fields.port = parsed.port;
  if (url !== null) {
    fields.scheme = url[1];
    fields.basePath = url[3];
  }
  return fields;
}

function ownFields(input: EndpointFields): EndpointFields {
  const fields = noFields();
  for (const name of Object.keys(input) as FieldName[])
    // `in` would find Object.prototype's own, and a registry may send "__proto__".
    if (Object.hasOwn(fields, name)) fields[name] = input[name];
  return fields;
}

/** Written out: with constant names it takes no time, and it is asked for every endpoint. */
function isPolluted(): boolean {
  const { prototype } = Object;
  return (
    'host' in prototype ||
    'port' in prototype ||
    'scheme' in prototype ||
    'basePath' in prototype ||
    'id' in prototype ||
    'weight' in prototype ||
    'priority' in prototype ||
    'region' in prototype ||
    'zone' in prototype ||
    'hostname' in prototype ||
    'metadata' in prototype
  );
}

function noFields(): Record<FieldName, unknown> {
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

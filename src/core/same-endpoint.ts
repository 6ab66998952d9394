import type { Endpoint } from './endpoint.js';

/** Whether two descriptions say the same of the same endpoint. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  if (a === b) return true;
  return (
    a.id === b.id &&
    a.host === b.host &&
    a.port === b.port &&
    a.scheme === b.scheme &&
    a.basePath === b.basePath &&
    a.weight === b.weight &&
    a.priority === b.priority &&
    a.region === b.region &&
    a.zone === b.zone &&
    a.hostname === b.hostname &&
    sameMetadata(a.metadata, b.metadata)
  );
}

function sameMetadata(a: Endpoint['metadata'], b: Endpoint['metadata']): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

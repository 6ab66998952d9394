/** Which options have no effect where somebody else's fetch makes the connections: a caller who sets one is to hear of it. */

import { SERVICE_DEFAULTS } from './defaults.js';
import type { ServiceSettings } from './options.js';

/** A sentence that names them; undefined when none is set. */
export function voidOverFetch({ transport, tls = {} }: Pick<ServiceSettings, 'transport' | 'tls'>): string | undefined {
  const defaults: object = SERVICE_DEFAULTS.transport;
  const names = [
    ...changed(transport, defaults).map((name) => `transport.${name}`),
    ...changed(tls, {}).map((name) => `tls.${name}`),
  ];
  if (names.length === 0) return undefined;
  const have = names.length === 1 ? 'has' : 'have';
  return `${names.join(', ')} ${have} no effect: calls go over a fetch that makes connections of its own.`;
}

function changed(options: object, defaults: object): string[] {
  const usual = new Map<string, unknown>(Object.entries(defaults));
  return Object.entries(options)
    .filter(([name, value]) => value !== usual.get(name))
    .map(([name]) => name);
}

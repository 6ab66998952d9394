/** The `init` that goes to the wire: our own, so that the caller's object is neither changed nor kept. */

import type { FetchInit } from './fetch-input.js';

/** What fetch reads from a dictionary (Fetch standard, `RequestInit`; `dispatcher` is undici's). */
const MEMBERS: readonly string[] = [
  ...['method', 'headers', 'body', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect'],
  ...['integrity', 'keepalive', 'signal', 'duplex', 'priority', 'window', 'dispatcher'],
];

/** A copy without our own options. */
export function wireInit(init: FetchInit | null | undefined): RequestInit {
  if (init === undefined || init === null) return {};
  const own = init.fairlead === undefined ? Object.assign({}, init) : withoutOurs(init);
  if (Object.getPrototypeOf(init) !== Object.prototype) copyInherited(init, own);
  return own;
}

/** Fetch takes a Request as its init, and any other object whose fields are getters or inherited. */
function copyInherited(init: RequestInit, own: RequestInit): void {
  for (const name of MEMBERS) if (!(name in own) && name in init) Object.assign(own, { [name]: init[name as never] });
}

function withoutOurs({ fairlead: _, ...rest }: FetchInit): RequestInit {
  return rest;
}

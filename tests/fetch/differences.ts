/**
 * Where `client.fetch` is allowed to differ from the platform's fetch. docs/fetch-differences.md says the same to users,
 * word for word, and a difference that has gone must leave both.
 */

import type { Divergence } from './compare.js';

export interface Difference {
  readonly id: string;
  readonly what: string;
  readonly why: string;
  readonly matches: (name: string, divergence: Divergence) => boolean;
}

const GET_THAT_FAILED = /^(headers: answered with|failure: .*, GET$)/;

export const differences: readonly Difference[] = [
  {
    id: 'error-text',
    what:
      'The `TypeError` of a call that failed has another `message`, and a `code`, a `service` and `attempts` besides; ' +
      'name, constructor and `cause` (with the code of the system) are those of fetch.',
    why: '"fetch failed" names neither the service, nor who was tried, nor what went wrong.',
    matches: (_, { path, platform, client }) =>
      (/\brejected\.message$/.test(path) && platform === 'fetch failed' && String(client).startsWith('ERR_')) ||
      (/\brejected\.code$/.test(path) && platform === '(undefined)' && String(client).startsWith('ERR_')) ||
      (/\brejected\.keys$/.test(path) && platform === '' && client === 'attempts,code,service'),
  },
  {
    id: 'tls-text',
    what: 'The `cause` of a TLS handshake that failed has another `message`, and the error of the system as its own `cause`; the `code` is the same.',
    why: 'It says which endpoint and which name failed, which OpenSSL does not know.',
    matches: (name, { path }) =>
      name === 'failure: TLS where there is none' && /^observed\.rejected\.cause\.(message|keys|cause)$/.test(path),
  },
  {
    id: 'retries',
    what: 'A server may see a request more than once: what is idempotent and failed, or was answered 502, 503 or 504, is tried again.',
    why: 'It is what the client is for. `retry: false` turns it off, for a service or for a call.',
    matches: (name, { path, platform }) =>
      (/^status: 50[234] to a GET$/.test(name) && /^received\.\d+$/.test(path) && platform === undefined) ||
      (GET_THAT_FAILED.test(name) && /^received\.\d+\.connections$/.test(path)),
  },
  {
    id: 'late-abort',
    what: 'An abort after the last byte of a body has arrived does not take the body away from who has yet to read it.',
    why: 'For that the signal would keep a listener for every answer until the garbage is collected, which is how signals that live as long as a process fill up.',
    matches: (name) => name === 'abort: after the body has arrived, before it is read',
  },
  {
    id: 'own-dispatcher',
    what: "The option `dispatcher`, which is undici's and no standard, does not apply to calls of a service.",
    why: 'The dispatcher of such a call is the call itself: it picks the endpoint. A dispatcher that is set globally is honoured.',
    matches: (name) => name === 'init: a dispatcher',
  },
  {
    id: 'hidden-fields',
    what: 'Fields of a plain `init` that cannot be enumerated are not seen.',
    why: 'A plain `init` is copied as `Object.assign` copies. Looking for hidden fields would cost every call, and nobody writes any.',
    matches: (name) => name === 'init: fields that cannot be enumerated',
  },
];

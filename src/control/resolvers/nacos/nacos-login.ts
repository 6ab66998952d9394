/**
 * The token that Nacos wants with each question: got by a login, good at every server of a cluster, for five hours or
 * so. It travels in a header, never in a URL, and is renewed when a tenth of its life is left, as Nacos' own clients do.
 */

import type { Clock } from '../../../core/clock.js';
import { isPlainObject } from '../../../kit/option-error.js';
import { currentPassword } from '../basic-auth.js';
import { exchangeJson, type JsonRequest } from '../json-exchange.js';
import { urlBelow } from '../registry-url.js';

export interface NacosAccess extends Pick<JsonRequest<unknown>, 'fetch' | 'maxBytes'> {
  readonly timeoutMs: number;
}

export interface NacosCredentials {
  readonly username: string;
  readonly password: string | (() => string | Promise<string>);
}

export interface Asking {
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface NacosLogin {
  /** A token that should be good; logs in at the server if there is none. */
  token(base: URL, ctx: Asking): Promise<Token>;
  /** The token was refused: the next one is another. */
  forget(token: Token): void;
}

export interface Token {
  readonly text: string;
  readonly renewAtMs: number;
}

/** Where the login is: in 3.x, and before. */
const PATHS: readonly (readonly string[])[] = [
  ['v3', 'auth', 'user', 'login'],
  ['v1', 'auth', 'login'],
];

/** What servers answer to paths of other versions: Spring, and Nacos 3 for an interface that is switched off. */
export const NOT_HERE: readonly number[] = [404, 405, 410, 501];

/** `TokenManager`'s default, for an answer that does not say. */
const USUAL_LIFE_S = 18_000;

/** What is left of a token's life when it is renewed. */
const RENEW_RATIO = 0.1;

export function createNacosLogin({ username, password }: NacosCredentials, access: NacosAccess): NacosLogin {
  const { fetch, maxBytes, timeoutMs } = access;
  let known: Token | undefined;

  async function logIn(base: URL, { signal, clock }: Asking): Promise<Token> {
    const form = { username, password: typeof password === 'string' ? password : await currentPassword(password) };
    for (const [at, path] of PATHS.entries()) {
      const isLast = at === PATHS.length - 1;
      const token = await exchangeJson<Token | undefined>(
        {
          fetch,
          maxBytes,
          url: urlBelow(base, path),
          headers: {},
          form,
          accepts: (status) => !isLast && NOT_HERE.includes(status),
          read: (body, { status }) => (status === 200 ? readToken(body, clock) : undefined),
        },
        { timeoutMs, signal, clock },
      );
      if (token !== undefined) return token;
    }
    throw new Error('there is no login');
  }

  return {
    async token(base, ctx) {
      if (known === undefined || ctx.clock.now() >= known.renewAtMs) known = await logIn(base, ctx);
      return known;
    },
    forget(token) {
      if (known === token) known = undefined;
    },
  };
}

/** `{ accessToken, tokenTtl, globalAdmin, username }`, the life in seconds. */
function readToken(body: unknown, clock: Clock): Token {
  const { accessToken: text, tokenTtl } = isPlainObject(body) ? body : {};
  if (typeof text !== 'string' || text === '') throw new Error('the login gave no token');
  const lifeMs = (typeof tokenTtl === 'number' && tokenTtl > 0 ? tokenTtl : USUAL_LIFE_S) * 1_000;
  return { text, renewAtMs: clock.now() + lifeMs * (1 - RENEW_RATIO) };
}

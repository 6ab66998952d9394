/**
 * The token of a user, got when it is needed and again when etcd no longer knows it: tokens end after five minutes
 * without use, with a restart, and with every change of users and rights.
 */

import type { EtcdAuth } from './etcd-options.js';
import { isAuthOff, isStaleToken } from './etcd-failure.js';

/** What is shorter is no secret, and would make messages unreadable. */
const SHORTEST_SECRET = 6;
const MAX_SECRETS = 8;

export interface EtcdLogin {
  /**
   * Runs `exchange` with the token; once more with a new one when etcd does not take it.
   * @throws what `exchange` or `authenticate` throws
   */
  withToken<T>(
    authenticate: (name: string, password: string) => Promise<string>,
    exchange: (token: string | undefined) => Promise<T>,
  ): Promise<T>;
  /** A text without the password and the token, should a server repeat them. */
  redact(text: string): string;
}

export function createEtcdLogin(auth: EtcdAuth | undefined): EtcdLogin {
  /** Undefined: not logged in. Null: etcd has authentication switched off. */
  let token: string | null | undefined;
  /** Also the ones before: requests may be under way that were sent with them. */
  let secrets: readonly string[] = [];

  function hide(secret: string): void {
    if (secret.length < SHORTEST_SECRET || secrets.includes(secret)) return;
    secrets = [secret, ...secrets.slice(0, MAX_SECRETS - 1)];
  }

  async function login(authenticate: (name: string, password: string) => Promise<string>): Promise<string | null> {
    const { username, password } = auth as EtcdAuth;
    const current: unknown = typeof password === 'function' ? await password() : password;
    if (typeof current !== 'string' || current === '') throw new Error('the password function gave no password');
    hide(current);
    try {
      const fresh = await authenticate(username, current);
      hide(fresh);
      return fresh;
    } catch (error) {
      // Switched off by an operator: no reason to lose discovery. Switched on again, etcd refuses what has no token.
      if (isAuthOff(error)) return null;
      throw error;
    }
  }

  return {
    async withToken(authenticate, exchange) {
      if (auth === undefined) return exchange(undefined);
      const known = token;
      token ??= await login(authenticate);
      try {
        return await exchange(token ?? undefined);
      } catch (error) {
        if (!isStaleToken(error)) throw error;
        token = undefined;
        // A token that was got just now and is refused will not be better the next time.
        if (known === undefined) throw error;
        token = await login(authenticate);
        return exchange(token ?? undefined);
      }
    },
    redact(text) {
      return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
    },
  };
}

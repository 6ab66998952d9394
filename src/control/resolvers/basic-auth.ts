/** User and password for HTTP basic authentication (RFC 7617), as options. */

import { invalidOption } from '../../kit/option-error.js';
import type { HeaderSource } from './json-exchange.js';

export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | (() => string | Promise<string>) | undefined;
}

/**
 * @param path of the options that hold the credentials, for messages
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function basicAuth({ username, password = '' }: Credentials, path: string): HeaderSource {
  if (username === undefined) {
    if (password !== '') throw invalidOption(`${path}.username`, 'is required where there is a password');
    return {};
  }
  if (username.includes(':')) throw invalidOption(`${path}.username`, 'must hold no ":", which ends a user name');
  const headersWith = (current: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${username}:${current}`).toString('base64')}`,
  });
  return typeof password === 'string'
    ? headersWith(password)
    : async () => headersWith(await currentPassword(password));
}

/** @throws Error when the function gives none, which is "could not ask" */
export async function currentPassword(password: () => string | Promise<string>): Promise<string> {
  const current: unknown = await password();
  if (typeof current !== 'string' || current === '') throw new Error('the password function gave no password');
  return current;
}

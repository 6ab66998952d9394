/** The address of a registry, as an option. */

import { invalidOption, mustBe } from '../../kit/option-error.js';
import { any, type Schema } from '../../kit/option-schema.js';

/** Anything that may turn out to be a URL; {@link registryUrl} says whether it is. */
export function urlLike(): Schema<string | URL> {
  return any('a URL', (value) => typeof value === 'string' || (typeof value === 'object' && value !== null));
}

/**
 * @param path of the option, for messages, which never repeat a password
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function registryUrl(given: string | URL, path: string): URL {
  const text = String(given);
  if (!URL.canParse(text)) throw mustBe(path, 'a URL', text.replace(/\/\/[^/]*@/, '//***@'));
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalidOption(path, 'must be http or https');
  if (url.username !== '' || url.password !== '') {
    throw invalidOption(path, 'must hold no user or password: put them into an authorization header');
  }
  url.hash = '';
  return url;
}

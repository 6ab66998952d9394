/** The address of a registry, as an option. */

import { invalidOption, mustBe } from '../../kit/option-error.js';
import { any, type Schema } from '../../kit/option-schema.js';

/** Anything that may turn out to be a URL; {@link registryUrl} says whether it is. */
export function urlLike(): Schema<string | URL> {
  return any('a URL', (value) => typeof value === 'string' || (typeof value === 'object' && value !== null));
}

/**
 * @param path of the option, for messages, which never repeat a password
 * @param remedy where a user and a password belong
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function registryUrl(
  given: string | URL,
  path: string,
  remedy: string = 'put them into an authorization header',
): URL {
  const text = String(given);
  if (!URL.canParse(text)) throw mustBe(path, 'a URL', text.replace(/\/\/[^/]*@/, '//***@'));
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalidOption(path, 'must be http or https');
  if (url.username !== '' || url.password !== '') {
    throw invalidOption(path, `must hold no user or password: ${remedy}`);
  }
  url.hash = '';
  return url;
}

/**
 * The base addresses of one registry: without a query, and without a slash at the end of the path.
 *
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function registryUrls(
  given: string | URL | readonly (string | URL)[],
  path: string,
  remedy?: string,
): readonly URL[] {
  const addresses = Array.isArray(given) ? (given as readonly (string | URL)[]) : [given as string | URL];
  if (addresses.length === 0) throw invalidOption(path, 'must hold at least one address');
  return addresses.map((address, at) => {
    const itsPath = addresses.length === 1 ? path : `${path}[${at}]`;
    const url = registryUrl(address, itsPath, remedy);
    if (url.search !== '') throw invalidOption(itsPath, 'must hold no query: there is an option for each parameter');
    url.pathname = url.pathname.replace(/\/+$/, '');
    return url;
  });
}

/** An address below a base address; each segment is encoded. */
export function urlBelow(base: URL, segments: readonly string[]): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${segments.map(encodeURIComponent).join('/')}`;
  return url;
}

/** What {@link Prober.source} says of a registry: where it is, without the query, in which tokens travel. */
export function sourceOf(urls: readonly URL[]): string {
  return urls.map(({ origin, pathname }) => origin + pathname).join(' ');
}

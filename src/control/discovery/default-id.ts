import type { Scheme } from '../../core/endpoint.js';
import { unixPath } from '../../kit/unix-path.js';

/** `scheme://host:port/basePath`, so that the same server has the same identity whoever names it. */
export function defaultId(
  scheme: Scheme | undefined,
  host: string,
  port: number | undefined,
  basePath: string,
): string {
  if (unixPath(host) !== undefined) return scheme === undefined ? host + basePath : `${scheme}+${host}${basePath}`;
  const authority = host.includes(':') ? `[${host}]` : host;
  return `${scheme ?? 'http'}://${authority}${port === undefined ? '' : `:${port}`}${basePath}`;
}

/**
 * Unix sockets as hosts of endpoints: `unix:/run/orders.sock`. The path is absolute and in its one form, because rules
 * about paths compare them.
 */

/** Longest path that the kernel takes, without its final zero: `sun_path` of Linux has 108 bytes, of others 104. */
const MAX_BYTES = 103;

const PREFIX = 'unix:';

/** The path of such a host; undefined for any other host. */
export function unixPath(host: string): string | undefined {
  return host.startsWith(PREFIX) ? host.slice(PREFIX.length) : undefined;
}

/** Whether this is a path as it may follow `unix:`. */
export function isUnixPath(path: string): boolean {
  return /^(?:\/(?!\.{1,2}(?:\/|$))[^/\u0000-\u001f\u007f]+)+$/.test(path) && Buffer.byteLength(path) <= MAX_BYTES;
}

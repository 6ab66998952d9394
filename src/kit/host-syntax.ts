/**
 * What a host may look like when it comes from outside. Strict, because a host ends up in a URL and in a header: nothing
 * passes that a URL parser, a resolver and a reader could take for different machines. Host names are those of RFC 1123
 * with underscores (SRV and container names have them), internationalized ones in their ASCII form only. Numbers that
 * old resolvers take for IPv4 addresses (`127.1`, `0x7f000001`, `010.0.0.1`) are no names.
 */

import { isIPv6 } from 'node:net';

import { isIpv4 } from './ip-address.js';

export interface HostPort {
  /** In canonical form; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Longest host name and label, in characters (RFC 1035 §2.3.4). */
const MAX_NAME = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** The WHATWG URL standard reads a name as an IPv4 address when its last label is one of these. */
const NUMBER_LABEL = /^(\d+|0x[\da-f]*)$/;

/**
 * The host in its canonical form: lower case, without a trailing dot, IPv6 without brackets and compressed. Undefined
 * when it is no valid host.
 */
export function canonicalHost(text: string): string | undefined {
  if (isIpv4(text)) return text;
  // A zone (fe80::1%eth0) has no place in a URL.
  if (text.includes(':')) return isIPv6(text) && !text.includes('%') ? compressed(text) : undefined;
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  // Checked on the text as given, since lower-casing turns the Kelvin sign into an ASCII 'k'.
  if (name.length > MAX_NAME || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const labels = name.split('.');
  const last = labels.at(-1) as string;
  return labels.every((label) => LABEL.test(label)) && !NUMBER_LABEL.test(last) ? name : undefined;
}

/** Whether the text is a host name, an IPv4 or an IPv6 address (the latter without brackets). */
export function isValidHost(text: string): boolean {
  return canonicalHost(text) !== undefined;
}

/**
 * Reads `host`, `host:port`, `[::1]` or `[::1]:port`, the port from 1 to 65535. Undefined for anything else: user info, a
 * path, white space, control characters, and IPv6 without brackets, which is ambiguous.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\][]+)\]|([^:\][]+))(?::([1-9]\d{0,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  const host = canonicalHost(bracketed ?? (plain as string));
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || (port !== undefined && port > 65_535)) return undefined;
  return { host, port };
}

/** The one spelling of RFC 5952 that the URL parser gives. */
function compressed(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

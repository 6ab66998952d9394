/**
 * IP addresses in one spelling each. A rule about 169.254.169.254 that does not know `::ffff:a9fe:a9fe` is no rule: both
 * reach the same machine.
 */

import { isIP, SocketAddress } from 'node:net';

/** Whether the text is an IPv4 or IPv6 address, the latter with or without brackets. `0x7f.1` and `127.1` are none. */
export function isIpLiteral(host: string): boolean {
  return isIP(withoutBrackets(host)) !== 0;
}

const [DOT, ZERO, NINE] = [46, 48, 57];

/** As `isIPv4` of the platform, in a fraction of its time: an answer of discovery may bring ten thousand. */
export function isIpv4(text: string): boolean {
  let dots = 0;
  let digits = 0;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return false;
      digits = 0;
      value = 0;
      continue;
    }
    // Old resolvers take 010 for eight.
    if (code < ZERO || code > NINE || (digits > 0 && value === 0)) return false;
    value = value * 10 + code - ZERO;
    if (value > 255) return false;
    digits++;
  }
  return dots === 3 && digits > 0;
}

export interface IpAddress {
  readonly family: 'ipv4' | 'ipv6';
  /** Without brackets and zone; IPv6 compressed and in lower case. */
  readonly text: string;
}

/** What the platform writes for ::ffff:0:0/96 (RFC 4291 §2.5.5.2), with the dots of the IPv4 address that sockets dial. */
const MAPPED = /^::ffff:(?=\d+\.)/;

/** Undefined when the text is no address. A zone (`fe80::1%eth0`) is dropped; a v4-mapped address is the IPv4 address that it stands for. */
export function parseIp(host: string): IpAddress | undefined {
  const text = withoutBrackets(host);
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return { family: 'ipv4', text };
  const { address } = new SocketAddress({ address: text.replace(/%.*$/s, ''), family: 'ipv6' });
  return MAPPED.test(address)
    ? { family: 'ipv4', text: address.replace(MAPPED, '') }
    : { family: 'ipv6', text: address };
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** Which server is asked: an IP address and a port. */

import { isIP } from 'node:net';

export interface NameServer {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** As messages name it: `10.0.0.2`, `10.0.0.2:5353`, `[fd00::2]:5353`. */
  readonly label: string;
}

const DNS_PORT = 53;

/** Reads `10.0.0.2`, `10.0.0.2:5353`, `fd00::2`, `[fd00::2]:5353`; an IPv6 address may name its zone. Undefined for anything else. */
export function parseNameServer(text: string): NameServer | undefined {
  if (isIP(text) !== 0) return nameServer(text, DNS_PORT);
  const match = /^(?:\[([^\][]+)\]|([^:\][]+))(?::([1-9]\d{0,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain = '', digits] = match;
  const address = bracketed ?? plain;
  const port = digits === undefined ? DNS_PORT : Number(digits);
  const family = isIP(address);
  return family === (bracketed === undefined ? 4 : 6) && port <= 65_535 ? nameServer(address, port) : undefined;
}

function nameServer(address: string, port: number): NameServer {
  const family = isIP(address) as 4 | 6;
  const bracketed = family === 6 ? `[${address}]` : address;
  return { address, port, family, label: port === DNS_PORT ? address : `${bracketed}:${port}` };
}

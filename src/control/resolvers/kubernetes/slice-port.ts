/** Which port of a slice is meant. The ports of a slice are those of the pods, not of the Service in front of them. */

import type { Scheme } from '../../../core/endpoint.js';
import type { EndpointSlice, SlicePort } from './endpoint-slice.js';

export interface ChosenPort {
  /** Undefined: every port is open, so the caller's URL decides. */
  readonly port: number | undefined;
  readonly scheme: Scheme | undefined;
}

/** What to take where there are several and nobody has said. */
const USUAL_NAMES = ['http', 'https'];

/** The port of the endpoints of this slice; or why there is none, in words. */
export function choosePort({ ports }: EndpointSlice, wanted: string | number | undefined): ChosenPort | string {
  if (wanted === undefined) return onlyPort(ports);
  // Services without ports (headless ones) have slices without ports: nothing is known about them, and nothing excluded.
  if (typeof wanted === 'number') {
    const listed = ports.find(({ port }) => port === wanted) ?? ports.find(({ port }) => port === undefined);
    if (listed === undefined && ports.length > 0) return `no port ${wanted} ${among(ports)}`;
    return { port: wanted, scheme: schemeOf(listed) };
  }
  const named = ports.find(({ name }) => name === wanted);
  return named === undefined ? `no port '${wanted}' ${among(ports)}` : chosen(named);
}

function onlyPort(ports: readonly SlicePort[]): ChosenPort | string {
  const [first, second] = ports;
  if (first === undefined) return { port: undefined, scheme: undefined };
  if (second === undefined) return chosen(first);
  const usual = USUAL_NAMES.flatMap((usualName) => ports.find(({ name }) => name === usualName) ?? [])[0];
  return usual === undefined ? `the option port must choose ${among(ports)}` : chosen(usual);
}

function chosen(port: SlicePort): ChosenPort {
  return { port: port.port, scheme: schemeOf(port) };
}

/** Only what cannot mean anything else: the IANA name. A port that is merely called "https" may well speak HTTP. */
function schemeOf(port: SlicePort | undefined): Scheme | undefined {
  return port?.appProtocol === 'https' ? 'https' : undefined;
}

function among(ports: readonly SlicePort[]): string {
  const names = ports
    .slice(0, 10)
    .map(({ name, port }) => [name, port ?? 'any'].filter((word) => word !== '').join(' '));
  return `among the TCP ports of the pods (${names.join(', ') || 'none'})`;
}

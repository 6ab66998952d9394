/**
 * From slices to endpoints: who of all that the slices name gets traffic. A function of the slices alone, whatever the
 * order in which they came.
 *
 * - An endpoint may stand in two slices for a moment, when the controller moves it: it counts once.
 * - A pod of a dual-stack service has an address in a slice of each family: it counts once, with its IPv4 address.
 * - Those that are ready are used. When nobody is, those that still serve while they are being terminated: during the
 *   last moments of a rollout they are all there is (kube-proxy does the same, KEP-1669).
 * - Hints of the topology-aware controller set priorities, and are no filter: the own zone comes first, and the others
 *   stay in reserve. They count only when every ready endpoint has them and one names the own zone, as in kube-proxy.
 */

import type { EndpointInput, Scheme } from '../../../core/endpoint.js';
import type { Refusal } from '../../discovery/read-answer.js';
import type { EndpointSlice, SliceEndpoint } from './endpoint-slice.js';
import { choosePort } from './slice-port.js';

export interface SelectionRules {
  readonly port: number | string | undefined;
  readonly scheme: Scheme | undefined;
  readonly family: 4 | 6 | undefined;
  /** Where this process runs. */
  readonly zone: string | undefined;
}

export interface Selection {
  readonly endpoints: readonly EndpointInput[];
  readonly refused: readonly Refusal[];
}

interface Candidate {
  readonly endpoint: SliceEndpoint;
  readonly family: 4 | 6 | undefined;
  readonly port: number | undefined;
  readonly scheme: Scheme | undefined;
}

export function selectEndpoints(slices: Iterable<EndpointSlice>, rules: SelectionRules): Selection {
  const refused: Refusal[] = [];
  const candidates: Candidate[] = [];
  for (const slice of [...slices].sort((a, b) => order(a.name, b.name))) {
    if (rules.family !== undefined && slice.family !== undefined && slice.family !== rules.family) continue;
    refused.push(...slice.refused);
    if (slice.endpoints.length === 0) continue;
    const chosen = choosePort(slice, rules.port);
    if (typeof chosen === 'string') {
      refused.push({ input: `the EndpointSlice ${slice.name}`, reason: chosen });
      continue;
    }
    const { port } = chosen;
    const scheme = rules.scheme ?? chosen.scheme;
    for (const endpoint of slice.endpoints) candidates.push({ endpoint, family: slice.family, port, scheme });
  }
  const usable = oncePerPod(inUse(oncePerAddress(candidates)));
  const priorityOf = priorities(usable, rules.zone);
  return { endpoints: usable.map((candidate) => inputOf(candidate, priorityOf(candidate))), refused };
}

function oncePerAddress(candidates: readonly Candidate[]): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const key = `${candidate.endpoint.address} ${candidate.port}`;
    const known = best.get(key);
    if (known === undefined || isBetter(candidate.endpoint, known.endpoint)) best.set(key, candidate);
  }
  return [...best.values()];
}

/** Of two entries for one address: they differ while one of them is out of date. */
function isBetter(a: SliceEndpoint, b: SliceEndpoint): boolean {
  const rank = ({ ready, servesOut }: SliceEndpoint): number => (ready ? 2 : servesOut ? 1 : 0);
  return rank(a) > rank(b);
}

function inUse(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter(({ endpoint }) => endpoint.ready);
  return ready.length > 0 ? ready : candidates.filter(({ endpoint }) => endpoint.servesOut);
}

/** Who has no `targetRef` cannot be told to be the same, and counts for each address. */
function oncePerPod(candidates: readonly Candidate[]): readonly Candidate[] {
  const withIpv4 = new Set(
    candidates.flatMap(({ endpoint, family }) => (family === 4 ? (targetKey(endpoint) ?? []) : [])),
  );
  return candidates.filter(({ endpoint, family }) => family !== 6 || !withIpv4.has(targetKey(endpoint) ?? ''));
}

function targetKey({ target }: SliceEndpoint): string | undefined {
  return target === undefined ? undefined : (target.uid ?? `${target.kind} ${target.name}`);
}

function priorities(used: readonly Candidate[], zone: string | undefined): (candidate: Candidate) => number {
  const isMine = ({ endpoint }: Candidate): boolean => zone !== undefined && endpoint.hintedZones.includes(zone);
  const counts = used.every(({ endpoint }) => endpoint.ready && endpoint.hintedZones.length > 0) && used.some(isMine);
  return (candidate) => (counts && !isMine(candidate) ? 1 : 0);
}

function inputOf({ endpoint, port, scheme }: Candidate, priority: number): EndpointInput {
  const { address, zone, node, hostname, target, servesOut } = endpoint;
  const metadata: Record<string, string> = {};
  if (node !== undefined) metadata['node'] = node;
  if (hostname !== undefined) metadata['hostname'] = hostname;
  if (target !== undefined) metadata[target.kind.toLowerCase()] = target.name;
  if (servesOut) metadata['terminating'] = 'true';
  return {
    host: address,
    priority,
    metadata,
    ...(port !== undefined && { port }),
    ...(scheme !== undefined && { scheme }),
    ...(zone !== undefined && { zone }),
    // Addresses of pods are used again, and what was learned about one pod says nothing about the next.
    ...(target?.uid !== undefined && { id: `${authority(address, port, scheme)}#${target.uid}` }),
  };
}

function authority(address: string, port: number | undefined, scheme: Scheme | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${scheme ?? 'http'}://${host}${port === undefined ? '' : `:${port}`}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

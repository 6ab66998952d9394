/** EndpointSlices as the control plane writes them. */

import type { ApiSlice } from './api-program.js';

export interface SliceFixture {
  readonly name: string;
  /** @default 'orders' */
  readonly service?: string;
  /** @default 'shop' */
  readonly namespace?: string;
  /** @default 'IPv4' */
  readonly addressType?: string;
  /** @default one named `http`, 8080 */
  readonly ports?: readonly object[] | null;
  readonly endpoints: readonly EndpointFixture[] | null;
}

export interface EndpointFixture {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly zone?: string;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly targetRef?: object;
  readonly hints?: object;
}

export const READY = { ready: true, serving: true, terminating: false };
export const NOT_READY = { ready: false, serving: false, terminating: false };
/** On its way out, and still answering. */
export const LEAVING = { ready: false, serving: true, terminating: true };
/** On its way out, and no longer answering. */
export const GONE = { ready: false, serving: false, terminating: true };

export function apiSlice(fixture: SliceFixture): ApiSlice {
  const { name, service = 'orders', namespace = 'shop', addressType = 'IPv4', endpoints } = fixture;
  const { ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] } = fixture;
  const labels = { 'kubernetes.io/service-name': service };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels },
    addressType,
    ports,
    endpoints,
  };
}

/** A pod with the address 10.0.0.n. */
export function pod(n: number, more: Partial<EndpointFixture> = {}): EndpointFixture {
  return {
    addresses: [`10.0.0.${n}`],
    conditions: READY,
    nodeName: `node-${n}`,
    targetRef: { kind: 'Pod', namespace: 'shop', name: `orders-${n}`, uid: `uid-${n}` },
    ...more,
  };
}

import type { EndpointInput } from '../../../core/endpoint.js';

/** What is known about where something came from. */
export interface Provenance {
  /** The record that named it: `A orders.internal`, or `SRV _http._tcp.orders.internal → A a.internal`. */
  readonly record: string;
  /** The server that said so, and how if not in answer to a question: `10.0.0.2 (additional)`, `the system`. */
  readonly server: string;
  /** How long it may be believed; undefined where nobody says. */
  readonly ttlMs: number | undefined;
}

export interface FoundAddress extends Provenance {
  readonly address: string;
}

export interface FoundEndpoint extends Provenance {
  readonly endpoint: Exclude<EndpointInput, string>;
}

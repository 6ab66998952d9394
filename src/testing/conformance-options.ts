/** What the conformance suite of resolvers is told, and what it gives. */

import type { Resolver } from '../core/resolver.js';

/** One of those who are to be served: hosts differ, ports are the same, since not every source knows ports. */
export interface ServedEndpoint {
  /** An IPv4 address. */
  readonly host: string;
  readonly port: number;
}

/** The source behind the resolver, at the test's command. Each change lasts until the next one. */
export interface ConformanceBackend {
  /** From now on exactly these serve the name (none: nobody does), and the source answers normally. */
  serve(endpoints: readonly ServedEndpoint[]): void | Promise<void>;
  /** From now on the source cannot be asked: it refuses connections, or answers with errors. @default those cases are left out */
  fail?(): void | Promise<void>;
  /** From now on the source takes questions and never answers. @default those cases are left out */
  hang?(): void | Promise<void>;
  /** From now on the source answers with something that is no answer. @default those cases are left out */
  garble?(): void | Promise<void>;
}

export interface ResolverConformanceOptions {
  /** Makes a resolver for the name that the backend serves; called at least once in each case. */
  create(): Resolver | Promise<Resolver>;
  readonly backend: ConformanceBackend;
  /** The resolver's list is fixed when it is made: cases about changes are left out. @default false */
  readonly fixed?: boolean;
  /** For each thing that a case waits for, in milliseconds. More than the resolver's own timeouts. @default 10_000 */
  readonly timeoutMs?: number;
}

export interface ConformanceCase {
  /** A sentence about the resolver. */
  readonly name: string;
  /** Rejects with what the resolver did wrong, in words. */
  readonly run: () => Promise<void>;
}

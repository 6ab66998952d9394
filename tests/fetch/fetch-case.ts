/** What a case of the compliance suite is made of. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Where a case takes place: three origins, of which a balancing client knows the first two as services. */
export interface Stage {
  /** The function under test. */
  readonly fetch: (...args: unknown[]) => Promise<Response>;
  readonly origin: string;
  readonly sibling: string;
  readonly stranger: string;
  /** A path at the first origin. */
  readonly url: (path?: string) => string;
  /** Resolves when the servers have seen this many requests, or bare connections. @default 1 */
  readonly arrived: (count?: number) => Promise<void>;
  /** Resolves when this many of them are over: answered whole, or cut off. @default 1 */
  readonly over: (count?: number) => Promise<void>;
}

export type Listener = (request: IncomingMessage, response: ServerResponse, body: Promise<Buffer>) => unknown;

export interface FetchCase {
  readonly name: string;
  /** What every origin does. @default answers 200 and says in its body what it was sent */
  readonly serve?: Listener | undefined;
  /** Instead: what the first origin does on the bare socket. */
  readonly speak?: ((socket: Socket) => void) | undefined;
  /** Nobody listens at the second origin. */
  readonly siblingIsDown?: true | undefined;
  /** Some platforms never end it. */
  readonly mayHang?: true | undefined;
  /** What the servers receive is chance, and not compared. */
  readonly receivesByChance?: true | undefined;
  /** What is done. Answers everything that is to be compared, as plain data. */
  readonly run: (stage: Stage) => Promise<unknown>;
}

/** A field of an `init` that the types of fetch forbid, or any other. */
export type LooseInit = Record<string, unknown>;

/** A service of the balancing client whose only endpoint has a name that no server knows. */
export const NO_SUCH_HOST = 'http://does-not-exist.invalid';

/** What etcd says when it refuses, which differs between versions, requests and streams. */

import { isPlainObject } from '../../../kit/option-error.js';

/** Of what a server says. */
const MAX_MESSAGE = 200;

/** gRPC's code for "who are you?". */
const UNAUTHENTICATED = 16;

export class EtcdFailure extends Error {
  override readonly name = 'EtcdFailure';
  /** gRPC's code, when etcd gave one. */
  readonly grpcCode: number | undefined;

  constructor(message: string, grpcCode?: number) {
    super(message);
    this.grpcCode = grpcCode;
  }
}

/**
 * The failure that a body states: `{ error, message, code }` (3.4), `{ message, code }` (3.5), or, in a stream,
 * `{ error: { message, grpc_code or code } }`. Undefined when it states none.
 */
export function readFailure(body: unknown): EtcdFailure | undefined {
  if (!isPlainObject(body)) return undefined;
  const stated = isPlainObject(body['error']) ? body['error'] : body;
  const message = stated['message'] ?? stated['error'];
  const code = stated['grpc_code'] ?? stated['code'];
  if (typeof message !== 'string') return body['error'] === undefined ? undefined : new EtcdFailure('it failed');
  return new EtcdFailure(excerpt(message), typeof code === 'number' ? code : undefined);
}

/** On one line, and not too long. */
export function excerpt(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE);
}

/** The token is unknown (a restart, its life is over), from before a change of the users, or missing since they came. */
export function isStaleToken(error: unknown): boolean {
  if (!(error instanceof EtcdFailure)) return false;
  const said = /invalid auth token|auth store is old|user name is empty/;
  return error.grpcCode === UNAUTHENTICATED || said.test(error.message);
}

export function isAuthOff(error: unknown): boolean {
  return error instanceof EtcdFailure && error.message.includes('authentication is not enabled');
}

/** What the API server says when it refuses: a `Status` object, as the body of an answer or as the last event of a watch. */

import { isPlainObject } from '../../../kit/option-error.js';

/** Of what a server says: "endpointslices.discovery.k8s.io is forbidden: User … cannot list …" needs this much. */
const MAX_MESSAGE = 300;

/** No status of HTTP. */
export const UNREADABLE = 0;

export class KubernetesFailure extends Error {
  override readonly name = 'KubernetesFailure';
  /** Of HTTP, as an answer or within an event; {@link UNREADABLE} for what a watch told and nobody understands. */
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** HTTP 410: the version, or the place in the list, is older than what the server remembers. */
export function isGone(error: unknown): boolean {
  return statusOf(error) === 410;
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof KubernetesFailure ? error.status : undefined;
}

/** The message of a `Status`, on one line; undefined for anything else. */
export function statusMessage(body: unknown): string | undefined {
  const message = isPlainObject(body) ? body['message'] : undefined;
  if (typeof message !== 'string' || message.trim() === '') return undefined;
  return message.replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE);
}

export function statusCode(body: unknown): number | undefined {
  const code = isPlainObject(body) ? body['code'] : undefined;
  return Number.isInteger(code) ? (code as number) : undefined;
}

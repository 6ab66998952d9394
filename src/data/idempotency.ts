/** What may be sent twice: by the method's meaning, by a key that the server deduplicates on, or because the caller says so. */

/** RFC 9110 §9.2.2, and QUERY (safe by its draft). */
export const IDEMPOTENT_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'];

const IDEMPOTENT: ReadonlySet<string> = new Set(IDEMPOTENT_METHODS);

export function isIdempotentMethod(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/**
 * Whether a body can be sent again from the start. A stream or an iterable is used up by the first sending (undici
 * then silently sends an empty one), so it never can.
 */
export function isReplayableBody(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  if (typeof body !== 'object') return true;
  if (ArrayBuffer.isView(body)) return true;
  // First of all not a stream: the FormData of the npm package form-data is one, under the platform's tag.
  if ('pipe' in body || Symbol.asyncIterator in body) return false;
  const tag = Object.prototype.toString.call(body);
  return REPLAYABLE_TAGS.has(tag);
}

/** By tag, not by class: inside Jest the classes come from two realms. */
const REPLAYABLE_TAGS: ReadonlySet<string> = new Set([
  '[object ArrayBuffer]',
  '[object SharedArrayBuffer]',
  '[object Blob]',
  '[object File]',
  '[object FormData]',
  '[object URLSearchParams]',
]);

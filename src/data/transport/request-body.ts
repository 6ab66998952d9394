/**
 * Body inputs of `client.request`, reduced to what every dispatcher takes. undici itself takes web types only when
 * they are its own: a `FormData` of the platform fails in an npm copy, and `URLSearchParams`, being iterable, is
 * mistaken for a list of chunks.
 */

export interface PreparedBody {
  /** Null, a string, bytes, a stream or an iterable. */
  readonly body: unknown;
  /** What the body's type says about itself, to be sent when the caller names no content type. */
  readonly contentType: string | undefined;
}

/**
 * A promise only for `FormData` and `Blob`, whose bytes can only be had by waiting. Their bytes are held in memory,
 * which also makes them fit to be sent again.
 */
export function prepareBody(body: unknown): PreparedBody | Promise<PreparedBody> {
  if (body === undefined || body === null) return { body: null, contentType: undefined };
  // The FormData of the npm package form-data is a stream under the platform's tag.
  if (typeof body === 'object' && 'pipe' in body) return { body, contentType: undefined };
  // By tag, not by class: inside Jest the classes come from two realms.
  switch (Object.prototype.toString.call(body)) {
    case '[object URLSearchParams]':
      return {
        body: (body as URLSearchParams).toString(),
        contentType: 'application/x-www-form-urlencoded;charset=UTF-8',
      };
    case '[object ArrayBuffer]':
      return { body: Buffer.from(body as ArrayBuffer), contentType: undefined };
    case '[object FormData]':
    case '[object Blob]':
    case '[object File]':
      return bytesOf(new Response(body as FormData | Blob));
    default:
      return { body, contentType: undefined };
  }
}

/** The platform's own encoder: multipart boundaries included. */
async function bytesOf(response: Response): Promise<PreparedBody> {
  const contentType = response.headers.get('content-type') ?? undefined;
  return { body: Buffer.from(await response.arrayBuffer()), contentType };
}

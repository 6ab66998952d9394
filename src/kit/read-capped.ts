/**
 * Reads a body that somebody else decides the size of. `response.text()` takes whatever comes, and a registry that
 * answers with a gigabyte, or gigabytes of zeros in a small gzip, would take the process with it.
 */

/** Where the bytes come from: the part of a WHATWG Response that is needed, or the chunks themselves. */
export type ByteSource = { readonly body: AsyncIterable<Uint8Array> | null } | AsyncIterable<Uint8Array>;

/**
 * The body as text, decoded as `Response.text()` does: UTF-8, without a byte order mark, replacement characters for
 * what is not UTF-8. No body is an empty text.
 *
 * @param maxBytes after content decoding. Exactly so many are accepted
 * @throws RangeError for a larger body. The rest is cancelled then, so that its connection is free
 */
export async function readCapped(source: ByteSource, maxBytes: number): Promise<string> {
  const chunks = 'body' in source ? source.body : source;
  if (chunks === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop by an error returns the iterator, and that cancels a stream.
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new RangeError(`the body is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

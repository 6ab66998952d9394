/**
 * The body of a `client.request` response: a Node stream with the shortcuts of a fetch body. Bytes wait in the socket
 * until somebody reads, and a body that is destroyed before its end takes its exchange with it, so that no connection
 * is held by an answer that nobody wants.
 */

import { Blob } from 'node:buffer';
import { Readable } from 'node:stream';

/** Enough to keep a fast reader busy, little enough that a thousand unread bodies do not matter. undici uses the same. */
const HIGH_WATER_MARK = 64 * 1024;

/** Below this, reading a discarded rest is cheaper than a new connection. undici's default, too. */
const DUMP_LIMIT = 128 * 1024;

/** The exchange, seen from its body. */
export interface BodySource {
  readonly contentType: string | undefined;
  readonly contentLength: number | undefined;
  /** Somebody reads: let bytes come. */
  resume(): void;
  /** Nobody wants the rest. */
  cancel(reason: Error | null): void;
}

export class ResponseBody extends Readable {
  readonly #source: BodySource;
  /** The last byte has arrived, or the exchange has failed: there is nothing left to cancel. */
  #over = false;
  #collected = false;

  constructor(source: BodySource) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#source = source;
  }

  /** Whether somebody has begun to read. */
  get bodyUsed(): boolean {
    return this.#collected || Readable.isDisturbed(this);
  }

  /** The rest of the body as UTF-8. */
  async text(): Promise<string> {
    const bytes = await this.#collect();
    // As fetch does: a byte order mark is no part of the text.
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString('utf8', 3) : bytes.toString();
  }

  /** @throws SyntaxError when it is no JSON */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array> {
    const { buffer, byteOffset, length } = await this.#collect();
    return new Uint8Array(buffer, byteOffset, length);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, length } = await this.#collect();
    return buffer.slice(byteOffset, byteOffset + length);
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.#collect()], { type: this.#source.contentType ?? '' });
  }

  /**
   * Reads and forgets, so that the connection can be used again; beyond `limit` bytes (@default 131072) it closes the
   * connection instead. Never rejects.
   */
  dump(options: { limit?: number } = {}): Promise<void> {
    const limit = options.limit ?? DUMP_LIMIT;
    this.on('error', ignore);
    if ((this.#source.contentLength ?? 0) > limit) this.destroy();
    if (this.destroyed) return Promise.resolve();
    let bytes = 0;
    return new Promise((resolve) => {
      this.on('close', () => resolve());
      this.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > limit) this.destroy();
      });
    });
  }

  /** For the exchange: a chunk has arrived. False asks for a pause. */
  deliver(chunk: Buffer): boolean {
    return this.push(chunk);
  }

  /** For the exchange: that was all. */
  finish(): void {
    this.#over = true;
    this.push(null);
  }

  /** For the exchange: there will be no more. */
  fail(error: unknown): void {
    this.#over = true;
    // A body that nobody reads must not bring the process down.
    this.on('error', ignore);
    this.destroy(error as Error);
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#over) this.#source.cancel(error);
    callback(error);
  }

  #collect(): Promise<Buffer<ArrayBuffer>> {
    if (this.bodyUsed) return Promise.reject(new TypeError('The body has been read already'));
    this.#collected = true;
    return new Promise((resolve, reject) => {
      if (this.destroyed) {
        reject(this.errored ?? new TypeError('The body was destroyed'));
        return;
      }
      const chunks: Buffer[] = [];
      // A small answer has usually arrived whole before its reader comes: no events are needed then.
      for (let chunk; (chunk = this.read() as Buffer | null) !== null;) chunks.push(chunk);
      if (this.#over) {
        this.resume();
        resolve(Buffer.concat(chunks));
        return;
      }
      this.on('data', (chunk: Buffer) => chunks.push(chunk));
      this.on('end', () => resolve(Buffer.concat(chunks)));
      this.on('error', reject);
      // Destroyed without a reason; after 'end' this changes nothing.
      this.on('close', () => reject(new TypeError('The body was destroyed')));
    });
  }
}

function ignore(): void {
  // Whoever discards a body does not care how it ends.
}

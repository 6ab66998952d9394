/**
 * A request body that comes as a stream or an iterable, and can be read again from the start as long as it is short: what
 * was read is kept up to a bound. Beyond that the body belongs to whoever reads on, and is gone for everybody else.
 *
 * Several readings may be under way, since an attempt may get company. The source is asked once for each chunk, by
 * whichever reading is first to need it; the others find it kept. Nothing is read before somebody asks.
 */

export class ReplayBody {
  private readonly source: object;
  private maxBytes: number;
  /** Made when it is first read: until then, somebody else may take the body. */
  private iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  /** Undefined when it was too much, and somebody reads on. */
  private kept: Uint8Array[] | undefined = [];
  private keptBytes = 0;
  private pulling: Promise<Uint8Array | undefined> | undefined;
  private over = false;
  private failure: { readonly error: unknown } | undefined;
  private heir: Reading | undefined;
  private readings = 0;
  private released = false;

  /** @param maxBytes what is kept at most */
  constructor(source: object, maxBytes: number) {
    this.source = source;
    this.maxBytes = maxBytes;
  }

  /** Whether it can be read from the start. */
  get repeatable(): boolean {
    return !this.tooLong && this.kept !== undefined && this.failure === undefined;
  }

  /** It cannot, for there is more of it than is kept. */
  get tooLong(): boolean {
    return this.keptBytes > this.maxBytes;
  }

  /** All of it, once it has been read to its end. */
  get whole(): Uint8Array | undefined {
    return this.over && this.kept !== undefined ? Buffer.concat(this.kept) : undefined;
  }

  /** From the start. */
  read(): AsyncIterableIterator<Uint8Array> {
    return new Reading(this);
  }

  /** Reads ahead of everybody, as much as is kept; ends with the source's end or with too much of it. Never rejects. */
  async fill(): Promise<void> {
    while (!this.over && !this.tooLong && this.failure === undefined && !this.released)
      await this.pull().catch(() => {});
    if (this.tooLong && this.readings === 0) this.cancel();
  }

  /** Nobody will read it anew: what is kept for that can go, and the source when nobody reads. */
  release(): void {
    this.released = true;
    this.maxBytes = -1;
    if (this.readings === 0) this.cancel();
  }

  /** Nobody wants the rest, and readings break off. A source that was never read stays as it is. */
  cancel(): void {
    if (this.over || this.iterator === undefined || this.failure !== undefined) return;
    this.failure = { error: new TypeError('The request body was given up') };
    this.kept = undefined;
    void Promise.resolve(this.iterator.return?.()).catch(() => {});
  }

  /** For a reading: it has begun. */
  opened(): void {
    this.readings++;
  }

  /** For a reading: it goes no further. */
  closed(reading: Reading): void {
    this.readings--;
    if (reading === this.heir || (this.released && this.readings === 0)) this.cancel();
  }

  /** For a reading: chunk number `index`; undefined at the end. */
  async chunk(index: number, reading: Reading): Promise<Uint8Array | undefined> {
    for (;;) {
      const { kept } = this;
      if (this.failure !== undefined) throw this.failure.error;
      if (kept === undefined && this.heir !== reading)
        throw new TypeError('The request body was too long to be sent again');
      const chunk = kept?.[index];
      if (chunk !== undefined) {
        if (this.tooLong && index === (kept?.length ?? 0) - 1) this.giveTo(reading);
        return chunk;
      }
      if (this.over) return undefined;
      const next = await this.pull();
      if (reading.closed) return undefined;
      if (this.kept === undefined && this.heir === reading) return next;
    }
  }

  private giveTo(reading: Reading): void {
    this.kept = undefined;
    this.heir = reading;
  }

  /** Shared by all who wait for the same chunk. */
  private pull(): Promise<Uint8Array | undefined> {
    return (this.pulling ??= this.next().finally(() => (this.pulling = undefined)));
  }

  private async next(): Promise<Uint8Array | undefined> {
    try {
      this.iterator ??= iteratorOf(this.source);
      const step: IteratorResult<unknown, unknown> = await this.iterator.next();
      if (step.done === true) {
        this.over = true;
        return undefined;
      }
      const chunk = bytesOf(step.value);
      this.keptBytes += chunk.byteLength;
      this.kept?.push(chunk);
      return chunk;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** An iterator of its own, and no generator: whoever leaves it is heard at once, not when the source's next chunk comes. */
class Reading implements AsyncIterableIterator<Uint8Array> {
  private readonly body: ReplayBody;
  private index = 0;
  private state: 'new' | 'open' | 'closed' = 'new';

  constructor(body: ReplayBody) {
    this.body = body;
  }

  get closed(): boolean {
    return this.state === 'closed';
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.state === 'new') {
      this.state = 'open';
      this.body.opened();
    }
    if (this.state === 'closed') return { done: true, value: undefined };
    let chunk: Uint8Array | undefined;
    try {
      chunk = await this.body.chunk(this.index++, this);
      if (chunk !== undefined) return { done: false, value: chunk };
    } finally {
      if (chunk === undefined) this.close();
    }
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  private close(): void {
    const { state } = this;
    this.state = 'closed';
    if (state === 'open') this.body.closed(this);
  }
}

function iteratorOf(body: object): AsyncIterator<unknown> | Iterator<unknown> {
  const source = body as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return source[Symbol.asyncIterator]?.() ?? (source as Iterable<unknown>)[Symbol.iterator]();
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  // By tag, not by class: inside Jest the classes come from two realms.
  if (Object.prototype.toString.call(chunk) === '[object ArrayBuffer]') return new Uint8Array(chunk as ArrayBuffer);
  throw new TypeError('A chunk of the request body is neither text nor bytes');
}

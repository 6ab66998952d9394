/**
 * A request body that can be read a second time as long as it is short. A server that is about to go refuses streams it
 * has not looked at, and the platform's fetch hands over every body as something that can be read once.
 */

/** What is kept. Longer bodies are sent once. */
const KEPT_BYTES = 65_536;

export class ReplayBody {
  private readonly body: object;
  /** Made when it is first read: until then, somebody else may take the body. */
  private iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  private kept: Uint8Array[] | undefined = [];
  private keptBytes = 0;
  private pending: Promise<IteratorResult<unknown>> | undefined;
  private over = false;

  constructor(body: object) {
    this.body = body;
  }

  /** Whether it can be read from the start. */
  get repeatable(): boolean {
    return this.kept !== undefined;
  }

  /** From the start. An earlier reading must not go on after `current` has become false for it. */
  async *read(current: () => boolean): AsyncGenerator<Uint8Array> {
    const iterator = (this.iterator ??= iteratorOf(this.body));
    for (const chunk of this.kept ?? []) yield chunk;
    while (!this.over) {
      // Shared: an earlier reading may have asked already, and what it gets is not its own any more.
      const step: IteratorResult<unknown, unknown> = await (this.pending ??= Promise.resolve(iterator.next()));
      if (!current()) return;
      this.pending = undefined;
      if (step.done === true) {
        this.over = true;
        return;
      }
      const chunk = bytesOf(step.value);
      this.keep(chunk);
      yield chunk;
    }
  }

  /** Nobody wants the rest. */
  cancel(): void {
    void Promise.resolve(this.iterator?.return?.()).catch(() => {});
  }

  private keep(chunk: Uint8Array): void {
    this.keptBytes += chunk.byteLength;
    if (this.keptBytes > KEPT_BYTES) this.kept = undefined;
    else this.kept?.push(chunk);
  }
}

function iteratorOf(body: object): AsyncIterator<unknown> | Iterator<unknown> {
  const source = body as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  return source[Symbol.asyncIterator]?.() ?? (source as Iterable<unknown>)[Symbol.iterator]();
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return new Uint8Array(chunk as ArrayBuffer);
}

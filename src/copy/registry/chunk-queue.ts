/** A queue with more bytes than this is full, */
const FULL_BYTES = 2 * 1024 ** 2;
/** until it has no more than this. */
const ROOM_BYTES = FULL_BYTES / 2;

/** How a queue ended: `detached` when more comes from elsewhere. */
export type QueueEnd = 'whole' | 'detached';

/** The chunks between a download and one of its readers. */
export class ChunkQueue {
  readonly #onChange: () => void;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isFull = false;
  #end: QueueEnd | undefined;
  #failure: { readonly error: unknown } | undefined;
  #arrival: PromiseWithResolvers<void> | undefined;

  /** @param onChange called when `isFull` or `isHungry` has changed through the reader */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** True when the reader must catch up before more is pushed. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** True when the reader waits for a chunk. */
  get isHungry(): boolean {
    return this.#arrival !== undefined;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > FULL_BYTES) this.#isFull = true;
    this.#wake();
  }

  end(end: QueueEnd = 'whole'): void {
    this.#end ??= end;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** All chunks; then how the queue ended, or the error that it failed with. */
  async *read(): AsyncGenerator<Uint8Array, QueueEnd, undefined> {
    for (;;) {
      const chunk = this.#shift();
      if (chunk) yield chunk;
      else if (this.#failure) throw this.#failure.error;
      else if (this.#end) return this.#end;
      else await this.#nextArrival();
    }
  }

  #shift(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    if (this.#isFull && this.#bytes <= ROOM_BYTES) {
      this.#isFull = false;
      this.#onChange();
    }
    return chunk;
  }

  async #nextArrival(): Promise<void> {
    this.#arrival = Promise.withResolvers();
    const { promise } = this.#arrival;
    this.#onChange();
    await promise;
  }

  #wake(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}

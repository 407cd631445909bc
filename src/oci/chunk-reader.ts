/** Reads one stream of bytes as consecutive parts of given lengths, without buffering them. */
export class ChunkReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Uint8Array | undefined;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#iterator = content[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or fewer at the end of the stream. Read each part to its end before the next one. */
  async *take(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    let missing = length;
    while (missing > 0) {
      const chunk = this.#rest ?? (await this.#next());
      if (!chunk) return;
      this.#rest = chunk.length > missing ? chunk.subarray(missing) : undefined;
      const part = chunk.subarray(0, missing);
      missing -= part.length;
      yield part;
    }
  }

  /**
   * Ends the stream, read to its end or not. Does not wait for it: a stream that stands still only ends once its next chunk has
   * arrived, or whoever made it has ended it.
   */
  close(): void {
    this.#iterator.return?.().catch(() => undefined);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#iterator.next();
    return done === true ? undefined : value;
  }
}

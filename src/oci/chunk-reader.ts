/** Reads one stream of bytes as consecutive parts of given lengths, without gathering any. */
export class ChunkReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Uint8Array | undefined;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#iterator = content[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer where the stream ends. Must be read to its end before the next part. */
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

  /** Ends the stream, wherever it stands. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#iterator.next();
    return done === true ? undefined : value;
  }
}

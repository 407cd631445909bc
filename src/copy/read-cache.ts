/** Keeps what was read last, up to a number of bytes. Those who need the same at the same time share one read. */
export class ReadCache<T> {
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  /** The entry that was used last is the last. */
  readonly #entries = new Map<string, { readonly reading: Promise<T | undefined>; bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number, sizeOf: (value: T) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Returns what is kept under `key`; otherwise reads it. Neither failures nor `undefined` are kept. */
  async get(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    let entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
    } else {
      entry = { reading: this.#read(key, read), bytes: 0 };
    }
    this.#entries.set(key, entry);
    return entry.reading;
  }

  async #read(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    let value: T | undefined;
    try {
      value = await read();
      return value;
    } finally {
      this.#keep(key, value);
    }
  }

  #keep(key: string, value: T | undefined): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.bytes = value === undefined ? 0 : this.#sizeOf(value);
    this.#bytes += entry.bytes;
    if (value === undefined) this.#entries.delete(key);
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      // What is being read has no size yet.
      if (bytes === 0) continue;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

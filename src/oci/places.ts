export interface PlacesOptions {
  /** The largest number of works at a time. */
  readonly most: number;
  /** So many run at the same time whatever their size. */
  readonly always: number;
  /** More than these only as long as all of them together have at most so many bytes. */
  readonly bytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Bounds the works that run at the same time, by their bytes: small ones spend their time waiting for answers, large ones share the
 * link or the memory. They get their places in the order in which they ask.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #bytes = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` once there is a place.
   *
   * @param bytes its size, about
   */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ bytes, start: resolve });
      this.#startAll();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#bytes -= bytes;
      this.#startAll();
    }
  }

  #startAll(): void {
    const { most, always, bytes } = this.#options;
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#running >= most) return;
      if (this.#running >= always && this.#bytes + next.bytes > bytes) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#bytes += next.bytes;
      next.start();
    }
  }
}

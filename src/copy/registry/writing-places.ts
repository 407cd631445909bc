export interface WritingPlacesOptions {
  /** The largest number of images. */
  readonly most: number;
  /** So many images are written at the same time whatever their size. */
  readonly always: number;
  /** More than these only as long as all of them together have at most so many bytes to send. */
  readonly bytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Bounds the images that are written to one target at the same time, by what they send: tiny ones spend their time waiting for
 * answers, large ones share the link. Images get their places in the order in which they ask.
 */
export class WritingPlaces {
  readonly #options: WritingPlacesOptions;
  readonly #waiting: Waiting[] = [];
  #images = 0;
  #bytes = 0;

  constructor(options: WritingPlacesOptions) {
    this.#options = options;
  }

  /**
   * Runs `write` once there is a place.
   *
   * @param bytes what it will send, about
   */
  async run<T>(bytes: number, write: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ bytes, start: resolve });
      this.#startAll();
    });
    try {
      return await write();
    } finally {
      this.#images -= 1;
      this.#bytes -= bytes;
      this.#startAll();
    }
  }

  #startAll(): void {
    const { most, always, bytes } = this.#options;
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#images >= most) return;
      if (this.#images >= always && this.#bytes + next.bytes > bytes) return;
      this.#waiting.shift();
      this.#images += 1;
      this.#bytes += next.bytes;
      next.start();
    }
  }
}

/** What docker does with one image. */
export interface ImageUse<T> {
  readonly pull: () => Promise<void>;
  /** Called once the image is there. */
  readonly use: () => Promise<T>;
  /**
   * Called at the end, also if `pull` or `use` has failed, and not waited for. `isLast`: no other copy uses the image. The promise
   * must not be rejected.
   */
  readonly remove: (isLast: boolean) => Promise<void>;
}

interface Pulled {
  readonly pulling: Promise<void>;
  /** Number of copies that use it. */
  users: number;
}

/** The images that docker has pulled. Each is pulled once for all copies that use it at the same time. */
export class PulledImages {
  readonly #images = new Map<string, Pulled>();
  /** Removals that are running, by reference. */
  readonly #removals = new Map<string, Promise<void>>();

  /** Pulls the image `reference`, unless another copy has, and uses it. */
  async use<T>(reference: string, { pull, use, remove }: ImageUse<T>): Promise<T> {
    let image = this.#images.get(reference);
    if (!image) {
      const pulling = (this.#removals.get(reference) ?? Promise.resolve()).then(pull);
      this.#images.set(reference, (image = { pulling, users: 0 }));
    }
    image.users += 1;
    try {
      await image.pulling;
      return await use();
    } finally {
      image.users -= 1;
      if (image.users > 0) void remove(false);
      else this.#removeLast(reference, remove);
    }
  }

  /** A copy that comes meanwhile pulls the image again, after the removal. */
  #removeLast(reference: string, remove: (isLast: boolean) => Promise<void>): void {
    this.#images.delete(reference);
    const ended = remove(true).finally(() => {
      if (this.#removals.get(reference) === ended) this.#removals.delete(reference);
    });
    this.#removals.set(reference, ended);
  }
}

/** What docker does with one image. */
export interface ImageUse<T> {
  readonly pull: () => Promise<void>;
  /** Called once the image is there. */
  readonly use: () => Promise<T>;
  /** Called at the end, also if `pull` or `use` has failed. `isLast`: no other copy uses the image. */
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
      if (image.users > 0) await remove(false);
      else await this.#removeLast(reference, remove);
    }
  }

  /** A copy that comes meanwhile pulls the image again, after the removal. */
  async #removeLast(reference: string, remove: (isLast: boolean) => Promise<void>): Promise<void> {
    this.#images.delete(reference);
    const removing = remove(true);
    const ended = removing.catch(() => undefined);
    this.#removals.set(reference, ended);
    try {
      await removing;
    } finally {
      if (this.#removals.get(reference) === ended) this.#removals.delete(reference);
    }
  }
}

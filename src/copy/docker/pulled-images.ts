/** What docker does with one image. */
export interface ImageUse<T> {
  readonly pull: () => Promise<void>;
  /** Called once the image is there. */
  readonly use: () => Promise<T>;
  /** Called at the end, also if `pull` or `use` has failed. `isLast`: no other copy uses the image. */
  readonly remove: (isLast: boolean) => void;
}

interface Pulled {
  readonly pulling: Promise<void>;
  /** Number of copies that use it. */
  users: number;
}

/** The images that docker has pulled. Each is pulled once for all copies that use it at the same time. */
export class PulledImages {
  readonly #images = new Map<string, Pulled>();

  /** Pulls the image `reference`, unless another copy has, and uses it. */
  async use<T>(reference: string, { pull, use, remove }: ImageUse<T>): Promise<T> {
    let image = this.#images.get(reference);
    if (!image) this.#images.set(reference, (image = { pulling: pull(), users: 0 }));
    image.users += 1;
    try {
      await image.pulling;
      return await use();
    } finally {
      image.users -= 1;
      if (image.users === 0) this.#images.delete(reference);
      remove(image.users === 0);
    }
  }
}

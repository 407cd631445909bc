import { fetchChild } from '../../mirror/source-image.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import type { CopyTask } from '../engine.ts';
import type { ByteBudget } from './byte-budget.ts';

interface Held {
  readonly reading: Promise<RawManifest>;
  /** What was taken of the budget. */
  bytes: number;
}

/** Reads the children of one image's indexes from the source, and holds those that were read before it is their turn. */
export class SourceManifests {
  readonly #task: CopyTask;
  readonly #budget: ByteBudget;
  readonly #held = new Map<Digest, Held>();

  constructor(task: CopyTask, budget: ByteBudget) {
    this.#task = task;
    this.#budget = budget;
  }

  /** A child of the index `parent`; it is read unless it is held. */
  async get(parent: Digest, child: Descriptor): Promise<RawManifest> {
    return this.#held.get(child.digest)?.reading ?? this.#read(parent, child);
  }

  /**
   * Starts to read a child and holds it until it is released.
   *
   * @returns undefined when it does not fit into the budget
   */
  hold(parent: Digest, child: Descriptor): Promise<RawManifest> | undefined {
    const { digest, size: bytes } = child;
    const before = this.#held.get(digest);
    if (before) return before.reading;
    if (!this.#budget.tryTake(bytes)) return undefined;
    const held = { reading: this.#read(parent, child), bytes };
    this.#held.set(digest, held);
    // Marks a rejection as handled; whoever gets the child throws it.
    held.reading.then((manifest) => this.#measure(manifest, held)).catch(() => undefined);
    return held.reading;
  }

  /** Index entries may state any size: what is larger is held only if it fits as well. */
  #measure({ digest, bytes: { length } }: RawManifest, held: Held): void {
    if (length <= held.bytes || this.#held.get(digest) !== held) return;
    if (!this.#budget.tryTake(length - held.bytes)) this.release({ digest });
    else held.bytes = length;
  }

  isHeld({ digest }: Descriptor): boolean {
    return this.#held.has(digest);
  }

  /** To be called when a child is stored. */
  release({ digest }: Pick<Descriptor, 'digest'>): void {
    this.#budget.release(this.#held.get(digest)?.bytes ?? 0);
    this.#held.delete(digest);
  }

  /** To be called when the copy ends, whatever its result. */
  releaseAll(): void {
    for (const digest of Array.from(this.#held.keys())) this.release({ digest });
  }

  async #read(parent: Digest, child: Descriptor): Promise<RawManifest> {
    return fetchChild(this.#task.source, parent, child, this.#task.platforms);
  }
}

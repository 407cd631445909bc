import { fetchChild } from '../../mirror/source-image.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import type { CopyTask } from '../engine.ts';
import type { ByteBudget } from './byte-budget.ts';

/** Reads the children of one image's indexes from the source, and holds those that were read before it is their turn. */
export class SourceManifests {
  readonly #task: CopyTask;
  readonly #budget: ByteBudget;
  readonly #held = new Map<Digest, { readonly reading: Promise<RawManifest>; readonly bytes: number }>();

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
    const held = this.#held.get(digest);
    if (held) return held.reading;
    if (!this.#budget.tryTake(bytes)) return undefined;
    const reading = this.#read(parent, child);
    // Marks a rejection as handled; whoever gets the child throws it.
    reading.catch(() => undefined);
    this.#held.set(digest, { reading, bytes });
    return reading;
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

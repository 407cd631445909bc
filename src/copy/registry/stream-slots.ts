import type { RegistryClient } from '../../oci/client.ts';
import type { BlobReader } from './shared-download.ts';

interface Waiting {
  readonly readers: readonly BlobReader[];
  readonly start: () => void;
}

/**
 * Bounds the number of blobs that are streamed to each target at the same time. Streams that share a download get their slots at once
 * or not at all, in the order of their arrival at each target. So none holds a slot while it waits for another, and none waits for
 * ever.
 */
export class StreamSlots {
  readonly #perTarget: number;
  readonly #used = new Map<RegistryClient, number>();
  readonly #waiting = new Set<Waiting>();
  readonly #targets = new Set<RegistryClient>();
  #changed = Promise.withResolvers<void>();

  constructor(perTarget: number) {
    this.#perTarget = Math.max(1, perTarget);
  }

  /** Resolves when a slot was taken or released. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  isFree(target: RegistryClient): boolean {
    return (this.#used.get(target) ?? 0) < this.#perTarget;
  }

  /**
   * Takes a slot at the target of each of `readers`, and calls `start` then. Each slot must be released.
   *
   * @returns a promise that resolves then
   */
  async take(readers: readonly BlobReader[], start: (readers: readonly BlobReader[]) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const { stream } of readers) this.#targets.add(stream.target);
    this.#waiting.add({
      readers,
      start: () => {
        start(readers);
        for (const reader of readers) reader.start();
        resolve();
      },
    });
    this.#startAll();
    return promise;
  }

  /**
   * Streams that have no slot yet no longer wait for one.
   *
   * @returns false when they have their slots
   */
  withdraw(readers: readonly BlobReader[]): boolean {
    const waiting = Array.from(this.#waiting).find((one) => one.readers === readers);
    if (!waiting) return false;
    this.#waiting.delete(waiting);
    this.#startAll();
    return true;
  }

  release(target: RegistryClient): void {
    this.#used.set(target, (this.#used.get(target) ?? 1) - 1);
    this.#startAll();
  }

  #startAll(): void {
    /** Targets at which an earlier stream waits. */
    const blocked = new Set<RegistryClient>();
    for (const waiting of this.#waiting) {
      const targets = waiting.readers.map(({ stream }) => stream.target);
      if (targets.every((target) => !blocked.has(target) && this.isFree(target))) {
        this.#waiting.delete(waiting);
        for (const target of targets) this.#used.set(target, (this.#used.get(target) ?? 0) + 1);
        waiting.start();
      } else {
        for (const target of targets) blocked.add(target);
        if (blocked.size === this.#targets.size) break;
      }
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

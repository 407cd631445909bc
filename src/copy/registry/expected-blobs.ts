import type { RegistryClient } from '../../oci/client.ts';

/** Which targets will need which blobs, and which of them are being sent. */
export class ExpectedBlobs {
  /** The copies that will need a blob, by blob and target. */
  readonly #copies = new Map<string, Map<RegistryClient, Set<object>>>();
  /** Number of streams of a blob, by blob and target. */
  readonly #active = new Map<string, Map<RegistryClient, number>>();

  /** @returns a function to be called when the copy has ended */
  add(target: RegistryClient, keys: readonly string[]): () => void {
    const copy = {};
    for (const key of keys) {
      const byTarget = entryOf(this.#copies, key, () => new Map<RegistryClient, Set<object>>());
      entryOf(byTarget, target, () => new Set<object>()).add(copy);
    }
    return () => {
      for (const key of keys) {
        const copies = this.#copies.get(key)?.get(target);
        copies?.delete(copy);
        if (copies?.size === 0) this.settle(target, key);
      }
    };
  }

  /** No copy to `target` needs the blob any more. */
  settle(target: RegistryClient, key: string): void {
    const byTarget = this.#copies.get(key);
    byTarget?.delete(target);
    if (byTarget?.size === 0) this.#copies.delete(key);
  }

  /**
   * Notes that the blob is about to be sent to `target`.
   *
   * @returns a function to be called when that has ended; undefined when no copy to `target` has announced that it needs the blob
   */
  enter(target: RegistryClient, key: string): (() => void) | undefined {
    if (this.#copies.get(key)?.has(target) !== true) return undefined;
    const byTarget = entryOf(this.#active, key, () => new Map<RegistryClient, number>());
    byTarget.set(target, (byTarget.get(target) ?? 0) + 1);
    return () => {
      const left = (byTarget.get(target) ?? 1) - 1;
      if (left > 0) byTarget.set(target, left);
      else byTarget.delete(target);
      if (byTarget.size === 0 && this.#active.get(key) === byTarget) this.#active.delete(key);
    };
  }

  /** The targets that will need the blob, and that it is not being sent to. */
  awaited(key: string): RegistryClient[] {
    const active = this.#active.get(key);
    return Array.from(this.#copies.get(key)?.keys() ?? []).filter((target) => active?.has(target) !== true);
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}

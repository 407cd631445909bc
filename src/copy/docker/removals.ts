/** Number of references that one command removes. */
const MAX_REFERENCES = 100;

/** References that wait for the next command, and the promise for its end. */
interface Batch {
  readonly references: Set<string>;
  readonly end: Promise<void>;
}

/**
 * Removes references from the daemon, with one command at a time: what comes while a command runs is removed by the next one. To
 * start a command costs more than the removal itself.
 */
export class Removals {
  readonly #removeAll: (references: readonly string[]) => Promise<void>;
  /** Number of references that may wait before the daemon gets more images. */
  readonly #limit: number;
  #running: Promise<void> = Promise.resolve();
  #next: Batch | undefined;
  /** The last batch of each reference, until it has ended. */
  readonly #batches = new Map<string, Batch>();

  /** @param removeAll runs one command; its promise must not be rejected */
  constructor(limit: number, removeAll: (references: readonly string[]) => Promise<void>) {
    this.#limit = limit;
    this.#removeAll = removeAll;
  }

  /** Removes `references`. The promise resolves when the command that does it has ended. */
  async remove(references: readonly string[]): Promise<void> {
    if (references.length === 0) return;
    const batch = this.#next ?? this.#open();
    for (const reference of references) {
      batch.references.add(reference);
      this.#batches.set(reference, batch);
    }
    await batch.end;
  }

  /** Resolves once no removal of `reference` waits or runs: it may be made again. */
  async settled(reference: string): Promise<void> {
    await this.#batches.get(reference)?.end;
  }

  /** Resolves once no more references wait than the limit allows: the daemon's disk is finite. */
  async room(): Promise<void> {
    while (this.#next && this.#next.references.size > this.#limit) await this.#next.end;
  }

  /** Resolves when all that waits is removed. */
  async end(): Promise<void> {
    await (this.#next?.end ?? this.#running);
  }

  #open(): Batch {
    const references = new Set<string>();
    const end = this.#removeAfter(this.#running, references);
    this.#running = end;
    this.#next = { references, end };
    return this.#next;
  }

  async #removeAfter(running: Promise<void>, references: ReadonlySet<string>): Promise<void> {
    await running;
    this.#next = undefined;
    const all = Array.from(references);
    for (let index = 0; index < all.length; index += MAX_REFERENCES)
      await this.#removeAll(all.slice(index, index + MAX_REFERENCES));
    for (const reference of all)
      if (this.#batches.get(reference)?.references === references) this.#batches.delete(reference);
  }
}

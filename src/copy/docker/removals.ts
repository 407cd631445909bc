import type { Sleep } from '../../oci/sleep.ts';

/** Number of references that one command removes. */
const MAX_REFERENCES = 100;
/** How long a reference waits for others, so that one command removes them all. To start a command costs more than a removal. */
const GATHER_MS = 1000;

export interface RemovalsOptions {
  /** Number of references that may wait before the daemon gets more images. */
  readonly limit: number;
  /** Runs one command. The promise must not be rejected. */
  readonly removeAll: (references: readonly string[]) => Promise<void>;
  readonly sleep: Sleep;
}

/** References that wait for the next command, and the promise for its end. */
interface Batch {
  readonly references: Set<string>;
  readonly end: Promise<void>;
  /** Starts the command as soon as the one before it has ended. */
  readonly hurry: () => void;
}

/** Removes references from the daemon, with one command at a time: many references with each, and none much later than it could be. */
export class Removals {
  readonly #options: RemovalsOptions;
  #running: Promise<void> = Promise.resolve();
  #next: Batch | undefined;
  /** The last batch of each reference, until it has ended. */
  readonly #batches = new Map<string, Batch>();

  constructor(options: RemovalsOptions) {
    this.#options = options;
  }

  /** Removes `references` soon. The promise resolves when the command that does it has ended. */
  async remove(references: readonly string[]): Promise<void> {
    if (references.length === 0) return;
    const batch = this.#next ?? this.#open();
    for (const reference of references) {
      batch.references.add(reference);
      this.#batches.set(reference, batch);
    }
    if (batch.references.size >= this.#options.limit) batch.hurry();
    await batch.end;
  }

  /** Resolves once no removal of `reference` waits or runs: it may be made again. */
  async settled(reference: string): Promise<void> {
    const batch = this.#batches.get(reference);
    batch?.hurry();
    await batch?.end;
  }

  /** Resolves once no more references wait than the limit allows: the daemon's disk is finite. */
  async room(): Promise<void> {
    while (this.#next && this.#next.references.size > this.#options.limit) await this.#next.end;
  }

  /** Removes at once all that waits, and resolves when it is removed. */
  async end(): Promise<void> {
    this.#next?.hurry();
    await (this.#next?.end ?? this.#running);
  }

  #open(): Batch {
    const references = new Set<string>();
    const hurry = new AbortController();
    const end = this.#removeAfter(this.#running, references, hurry.signal);
    this.#running = end;
    this.#next = { references, end, hurry: () => hurry.abort() };
    return this.#next;
  }

  async #removeAfter(
    running: Promise<void>,
    references: ReadonlySet<string>,
    hurry: AbortSignal,
  ): Promise<void> {
    const { sleep, removeAll } = this.#options;
    // What comes while another command runs has waited already.
    await Promise.all([running, sleep(GATHER_MS, hurry).catch(() => undefined)]);
    this.#next = undefined;
    const all = Array.from(references);
    for (let index = 0; index < all.length; index += MAX_REFERENCES)
      await removeAll(all.slice(index, index + MAX_REFERENCES));
    for (const reference of all)
      if (this.#batches.get(reference)?.references === references) this.#batches.delete(reference);
  }
}

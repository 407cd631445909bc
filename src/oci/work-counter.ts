import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<WorkCounter>();

/** Counts what some work does at registries, also when other work uses the same registries at the same time. */
export class WorkCounter {
  #requests = 0;
  #mounts = 0;
  readonly #outer = current.getStore();

  /** Number of requests so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Number of blobs so far that a target took from another of its repositories. */
  get mounts(): number {
    return this.#mounts;
  }

  /** Runs `work`, and counts what it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    return current.run(this, work);
  }

  noteRequest(): void {
    this.#requests += 1;
    this.#outer?.noteRequest();
  }

  noteMount(): void {
    this.#mounts += 1;
    this.#outer?.noteMount();
  }
}

/** Counts a request for the work that sends it. */
export function noteRequest(): void {
  current.getStore()?.noteRequest();
}

/** Counts a mounted blob for the work that needs it. */
export function noteMount(): void {
  current.getStore()?.noteMount();
}

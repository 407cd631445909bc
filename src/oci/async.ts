import pLimit from 'p-limit';

/** Waits for all promises, then throws the first failure: no work continues after a failed call. */
export async function allOrThrow<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Runs tasks with the same key one after another, in the order of the calls, whether they fail or not. */
export class SerialQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const running = before.then(task);
    const ended = running.catch(() => undefined);
    this.#last.set(key, ended);
    try {
      return await running;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}

/** Shares one promise among all callers with the same key while it is pending. */
export class SingleFlight<T> {
  readonly #pending = new Map<string, Promise<T>>();

  async run(key: string, task: () => Promise<T>): Promise<T> {
    const shared = this.#pending.get(key) ?? this.#start(key, task);
    return shared;
  }

  /** The pending promise of `key`, if there is one. */
  get(key: string): Promise<T> | undefined {
    return this.#pending.get(key);
  }

  async #start(key: string, task: () => Promise<T>): Promise<T> {
    const started = task();
    this.#pending.set(key, started);
    try {
      return await started;
    } finally {
      this.#pending.delete(key);
    }
  }
}

/** Calls `each` for all items, `concurrency` at a time. Makes no limiter for nothing: most manifests have no children. */
export function mapLimited<T, R>(
  items: readonly T[],
  concurrency: number,
  each: (item: T) => Promise<R>,
): Array<Promise<R>> {
  if (items.length === 0) return [];
  const limit = pLimit(concurrency);
  return items.map(async (item) => limit(async () => each(item)));
}

/** Both results. A failure is thrown only after both have ended, so that nothing continues in the background. */
export async function bothOrThrow<A, B>(
  first: Promise<A>,
  second: Promise<B> | undefined,
): Promise<[A, B | undefined]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

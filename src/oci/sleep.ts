/** Waits, and ends early by throwing when `signal` is aborted. `ms` is milliseconds. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

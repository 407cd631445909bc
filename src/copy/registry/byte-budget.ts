/** Limits the number of bytes that its users hold at the same time. Nobody waits for it: what does not fit is not held. */
export class ByteBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** @returns true when `bytes` were taken; `release` must then be called for them */
  tryTake(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  release(bytes: number): void {
    this.#free += bytes;
  }
}

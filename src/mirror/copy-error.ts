/** An image could not be copied. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
  /** True when the same copy may succeed later. */
  readonly retryable: boolean;
  /** True when it hardly will, but a few tries may show that it does. */
  readonly ambiguous: boolean;

  constructor(
    message: string,
    { retryable, ambiguous = false, cause }: { retryable: boolean; ambiguous?: boolean; cause?: unknown },
  ) {
    super(message, { cause });
    this.retryable = retryable;
    this.ambiguous = ambiguous;
  }
}

/** A tag must not be written now. The run tries it again, or leaves it to the next run. */
export class PostponedError extends CopyError {
  constructor(message: string, cause?: unknown) {
    super(message, { retryable: false, cause });
  }
}

/** The source does not have the digest that it listed. */
export class NotThereError extends CopyError {
  constructor(message: string) {
    super(message, { retryable: false });
  }
}

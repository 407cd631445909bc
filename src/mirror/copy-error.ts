import { RegistryError } from '../oci/errors.ts';

/** An image could not be copied. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
  /** True when the same copy may succeed later. */
  readonly retryable: boolean;
  /** True when the copy will probably fail again, but a few more attempts may show otherwise. */
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

/** The source does not have a digest that it listed. */
export class MissingAtSourceError extends CopyError {
  constructor(message: string) {
    super(message, { retryable: false });
  }
}

/** True for an answer that repeating the request does not change. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof RegistryError) return error.status !== undefined && !error.retryable;
  return error instanceof CopyError && !error.retryable;
}

import { messageOf, printable } from '../oci/errors.ts';

/** The metadata repository can't be read or written. The message names the cause and the remedy. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
  /** `refused`: no retry helps. `limited`: it may succeed once a rate limit ends. `given-up`: it may succeed later. */
  readonly kind: 'refused' | 'limited' | 'given-up';

  constructor(
    message: string,
    { cause, kind = 'refused' }: { cause?: unknown; kind?: MetadataError['kind'] } = {},
  ) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** What an answer said, or why none came, in one line. */
export function describeAnswer(error: unknown): string {
  const message = messageOf(error);
  return /^\s*</.test(message) ? 'an HTML page' : printable(message);
}

import * as v from 'valibot';

/** What went wrong with one request to a registry, as data. The message holds no query and no credential. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly method: string;
  /** Without query and user info: signed URLs carry credentials. */
  readonly url: string;
  /** Absent when no answer came. */
  readonly status: number | undefined;
  /** The codes of the answer's `errors`, `NAME_UNKNOWN` and so on. */
  readonly codes: readonly string[];
  /** True when the same request may succeed later. */
  readonly retryable: boolean;
  /**
   * True for what is meant in most cases, but is also what a proxy in between or a node of the registry that is out of
   * order says now and then: a few more tries tell.
   */
  readonly ambiguous: boolean;
  /** Host of the registry that was asked: what it redirects to or gets its tokens from may be another one, see `url`. */
  readonly registry: string;
  /** How long the registry asks to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(problem: {
    method: string;
    url: URL;
    cause: string;
    status?: number;
    codes?: readonly string[];
    retryable?: boolean;
    ambiguous?: boolean;
    registry?: string;
    retryAfter?: number | undefined;
    error?: unknown;
  }) {
    const url = redactUrl(problem.url);
    super(`${problem.method} ${url}: ${problem.cause}`, { cause: problem.error });
    this.method = problem.method;
    this.url = url;
    this.status = problem.status;
    this.codes = problem.codes ?? [];
    this.retryable = problem.retryable ?? false;
    this.ambiguous = problem.ambiguous ?? false;
    this.registry = problem.registry ?? problem.url.host;
    this.retryAfter = problem.retryAfter;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when a registry, or its token service, does not let the one who asks. */
export function isAccessDenied(error: unknown): error is RegistryError {
  return error instanceof RegistryError && !error.retryable && (error.status === 401 || error.status === 403);
}

/** `url` without what may be a credential: user info, query and fragment. */
export function redactUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * One line of printable text of at most `limit` characters, from text that a stranger wrote: without what turns the
 * direction of writing, and without what may be a credential.
 */
export function printable(text: string, limit = 300): string {
  const line = withoutCredentials(text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]+/gu, ' '))
    // The runner takes this for a command wherever in a line it stands.
    .replaceAll('##[', '# # [')
    .trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/** Docker and registries quote signed URLs and the header that they refuse. */
function withoutCredentials(text: string): string {
  return text
    .replace(/(?<=https?:\/\/)[^\s/?#"'`<>]*@/gi, '')
    .replace(/(?<=https?:\/\/[^\s?#"'`<>]*)[?#][^\s"'`<>]*/gi, '')
    .replace(/\b(basic|bearer) +[\w.~+/=-]{16,}/gi, '$1 …');
}

const ErrorBody = v.object({
  errors: v.pipe(
    v.array(
      v.object({
        code: v.optional(v.string(), 'UNKNOWN'),
        message: v.optional(v.nullable(v.string()), ''),
      }),
    ),
    v.maxLength(100),
  ),
});

/**
 * The codes and one line of text of an error body. Bodies may be the spec's JSON, HTML or plain text.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export function readErrorBody(body: string): { codes: string[]; text: string } {
  const parsed = v.safeParse(ErrorBody, tryJson(body));
  if (!parsed.success) {
    return { codes: [], text: /^\s*</.test(body) ? 'the answer is an HTML page' : printable(body) };
  }
  const { errors } = parsed.output;
  return {
    codes: errors.map(({ code }) => printable(code, 60)),
    text: printable(errors.map(({ code, message }) => (message ? `${code}: ${message}` : code)).join('; ')),
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

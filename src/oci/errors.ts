import * as v from 'valibot';

/** A failed request to a registry, as data. Its message contains no query and no credential. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly method: string;
  /** Without query and user info: signed URLs carry credentials. */
  readonly url: string;
  /** Undefined when there was no response. */
  readonly status: number | undefined;
  /** The codes of the response's `errors`, such as `NAME_UNKNOWN`. */
  readonly codes: readonly string[];
  /** True when the same request may succeed later. */
  readonly retryable: boolean;
  /** True once the transport has used up its retries on this failure: more at once are useless. */
  isExhausted = false;
  /**
   * True for a refusal that usually means what it says, but that a proxy on the way or a broken node of the registry may
   * send as well: a few retries show which it is.
   */
  readonly ambiguous: boolean;
  /** Host of the registry. `url` may be at another host: its storage or token service. */
  readonly registry: string;
  /** True for a rate limit, whatever its status: it concerns all requests to the host. */
  readonly isRateLimit: boolean;
  /** How long the registry asks the client to wait, in milliseconds. */
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
    isRateLimit?: boolean;
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
    this.isRateLimit = problem.isRateLimit ?? problem.status === 429;
    this.retryAfter = problem.retryAfter;
  }
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when a registry or its token service denies access. */
export function isAccessDenied(error: unknown): error is RegistryError {
  return error instanceof RegistryError && !error.retryable && (error.status === 401 || error.status === 403);
}

/** `url` without the parts that may contain a credential: user info, query and fragment. */
export function redactUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * One line of printable text of at most `limit` characters, from untrusted text. Characters that change the direction of
 * writing are removed, and so is what may be a credential.
 */
export function printable(text: string, limit = 300): string {
  const line = withoutCredentials(text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]+/gu, ' '))
    // The runner treats this as a command anywhere in a line.
    .replaceAll('##[', '# # [')
    .trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/** Docker and registries quote signed URLs, and the header that they refuse. */
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

/** What an error body says. */
export interface ErrorBodyText {
  readonly codes: string[];
  readonly text: string;
  /** True for a web page. */
  readonly isPage: boolean;
}

/**
 * The codes and one line of text of an error body, which may be the specification's JSON, HTML or plain text.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export function readErrorBody(body: string): ErrorBodyText {
  const parsed = v.safeParse(ErrorBody, tryJson(body));
  if (!parsed.success) {
    const isMarkup = /^\s*</.test(body);
    const storage = isMarkup ? readStorageError(body) : undefined;
    const isPage = isMarkup && storage === undefined;
    const text = storage ?? (isPage ? 'the response is an HTML page' : printable(body));
    return { codes: [], text, isPage };
  }
  const { errors } = parsed.output;
  return {
    isPage: false,
    codes: errors.map(({ code }) => printable(code, 60)),
    text: printable(errors.map(({ code, message }) => (message ? `${code}: ${message}` : code)).join('; ')),
  };
}

/** `AccessDenied: Request has expired`, from the XML of S3, Google Cloud Storage and Azure; undefined for anything else. */
function readStorageError(body: string): string | undefined {
  const [, code] = /<Error>[\s\S]*?<Code>([^<]{1,100})<\/Code>/.exec(body) ?? [];
  if (code === undefined) return undefined;
  const [, message] = /<Message>([^<]{1,1000})<\/Message>/.exec(body) ?? [];
  return printable(message === undefined ? code : `${code}: ${message}`);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

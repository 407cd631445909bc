import type { Credential } from '../auth/credentials.ts';
import { RegistryError, readErrorBody } from '../errors.ts';
import { adviceOn, remedyFor, storageAdvice, webPageAdvice } from '../remedy.ts';
import { type RegistryResponse, headerOf, readBody } from './message.ts';
import { isRetryableStatus, parseRetryAfter } from './retry.ts';

/** The largest error body. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** Codes of upload sessions that a registry lost: a new one may succeed. */
const RETRYABLE_CODES = new Set(['BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN']);
/** Codes for content that was right when it was sent: it may have been changed or cut short on the way. */
const AMBIGUOUS_CODES = new Set(['DIGEST_INVALID', 'SIZE_INVALID', 'MANIFEST_INVALID']);

/**
 * Words of a rate limit that is sent with another status than 429: 403 by ghcr.io (GitHub's secondary limits) and others, 400
 * by Amazon ECR. Limits of space ("the configured upper limit") and of a plan are none: waiting does not help.
 */
const RATE_LIMIT =
  /secondary rate limit|abuse detection|\brate limit|\brate exceeded|too ?many ?requests|ThrottlingException|RESOURCE_EXHAUSTED/i;
const RATE_LIMIT_STATUSES = new Set([400, 403, 500, 502, 503, 504]);

/** ghcr.io words an outage of a service behind it as a refusal. */
const OUTAGE = /Error from intermediary|twirp error/;

/** What storage answers once a signed URL has expired, or to a request that it was not signed for. */
const STORAGE_REFUSALS = new Set([400, 401, 403]);

export interface ResponseErrorContext {
  readonly method: string;
  /** The scopes of the request: `repository:<name>:pull,push`. */
  readonly scopes: readonly string[];
  /** Host of the registry. */
  readonly registry: string;
  /** True for the response of a host that the registry redirected to: its storage, or another registry. */
  readonly isRedirected: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The credential that was used, if any. */
  readonly credential: () => Promise<Credential | undefined>;
  /** Statuses that are ambiguous for this request, besides those that always are. */
  readonly ambiguousStatuses: readonly number[];
}

/** Reads a response that was not expected: what it says, what to do about it, and whether a retry may help. */
export async function responseErrorOf(
  response: RegistryResponse,
  context: ResponseErrorContext,
): Promise<RegistryError> {
  const { method, registry, now, isRedirected } = context;
  const { status, headers, url } = response;
  const bytes = await readBody(response, MAX_ERROR_BODY_BYTES).catch(() => new Uint8Array());
  const body = new TextDecoder().decode(bytes);
  const { codes, text, isPage } = readErrorBody(body);
  const retryAfter = parseRetryAfter(headerOf(headers, 'retry-after'), now);
  const isRateLimit =
    status === 429 ||
    codes.includes('TOOMANYREQUESTS') ||
    (RATE_LIMIT_STATUSES.has(status) && !isPage && RATE_LIMIT.test(body));
  // docker-registry answers 500 for a manifest that it will never accept.
  const isFault = isRetryableStatus(status) && !codes.includes('MANIFEST_BLOB_UNKNOWN');
  const retryable =
    isFault || isRateLimit || OUTAGE.test(text) || codes.some((code) => RETRYABLE_CODES.has(code));
  const said = text === '' ? `status ${status}` : `status ${status}, ${text}`;
  const remedy = isRedirected ? undefined : remedyFor(said, isPush(context));
  const ambiguous =
    isAmbiguousStatus(status, remedy, context) || codes.some((code) => AMBIGUOUS_CODES.has(code));
  const advice = retryable ? '' : await adviceFor({ status, host: url.host, remedy, isPage }, context);
  const cause = advice === '' ? said : `${said.replace(/\.$/, '')}. ${advice}`;
  const error = { method, url, status, codes, retryable, ambiguous, registry, retryAfter, isRateLimit };
  return new RegistryError({ ...error, cause });
}

function isAmbiguousStatus(
  status: number,
  remedy: string | undefined,
  { ambiguousStatuses, isRedirected }: ResponseErrorContext,
): boolean {
  // A success that this request can't have, or a redirect that it can't follow, comes from a page in front of the registry.
  if (status >= 200 && status < 400) return true;
  // Signed URLs expire: the retry starts at the registry, which signs a new one.
  if (isRedirected && STORAGE_REFUSALS.has(status)) return true;
  // A refusal in the words of a known registry is not ambiguous.
  return ambiguousStatuses.includes(status) && remedy === undefined;
}

function isPush({ method, scopes }: ResponseErrorContext): boolean {
  return (method !== 'GET' && method !== 'HEAD') || scopes.some((scope) => /:[^:]*push/.test(scope));
}

interface Refusal {
  readonly status: number;
  /** The host that answered. */
  readonly host: string;
  readonly remedy: string | undefined;
  readonly isPage: boolean;
}

/** What to do about a refusal, and where the refused account came from. */
async function adviceFor(
  { status, host, remedy, isPage }: Refusal,
  { registry, credential, isRedirected }: ResponseErrorContext,
): Promise<string> {
  if (isRedirected && STORAGE_REFUSALS.has(status)) return storageAdvice(registry, host);
  if (isPage && status === 403) return webPageAdvice(host);
  if (status !== 401 && status !== 403) return remedy ?? '';
  const used = await credential().catch(() => undefined);
  return adviceOn(registry, used, remedy);
}

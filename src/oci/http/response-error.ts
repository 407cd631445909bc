import type { Credential } from '../auth/credentials.ts';
import { RegistryError, readErrorBody } from '../errors.ts';
import { adviceOn, remedyFor } from '../remedy.ts';
import { type RegistryResponse, headerOf, readBody } from './message.ts';
import { isRetryableStatus, parseRetryAfter } from './retry.ts';

/** The largest error body. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** Codes of upload sessions that a registry lost, after which a new one may succeed, and of rate limits. */
const RETRYABLE_CODES = new Set(['BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'TOOMANYREQUESTS']);
/** Codes for content that was right when it was sent: it may have been changed or cut short on the way. */
const AMBIGUOUS_CODES = new Set(['DIGEST_INVALID', 'SIZE_INVALID', 'MANIFEST_INVALID']);

export interface ResponseErrorContext {
  readonly method: string;
  /** The scopes of the request: `repository:<name>:pull,push`. */
  readonly scopes: readonly string[];
  /** Host of the registry. */
  readonly registry: string;
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
  const { method, registry, now, ambiguousStatuses } = context;
  const { status, headers, url } = response;
  const body = await readBody(response, MAX_ERROR_BODY_BYTES).catch(() => new Uint8Array());
  const { codes, text } = readErrorBody(new TextDecoder().decode(body));
  const retryAfter = parseRetryAfter(headerOf(headers, 'retry-after'), now);
  const throttled = status === 403 && /secondary rate limit/i.test(text);
  // docker-registry answers 500 for a manifest that it will never accept.
  const faulty = isRetryableStatus(status) && !codes.includes('MANIFEST_BLOB_UNKNOWN');
  const retryable = faulty || throttled || codes.some((code) => RETRYABLE_CODES.has(code));
  const said = text === '' ? `status ${status}` : `status ${status}, ${text}`;
  const remedy = remedyFor(said, isPush(context));
  // A refusal in the words of a known registry is not ambiguous.
  const isAmbiguousStatus = ambiguousStatuses.includes(status) && remedy === undefined;
  const ambiguous =
    isMisplaced(status) || isAmbiguousStatus || codes.some((code) => AMBIGUOUS_CODES.has(code));
  const advice = retryable ? '' : await adviceFor(status, remedy, context);
  const cause = advice === '' ? said : `${said.replace(/\.$/, '')}. ${advice}`;
  return new RegistryError({ method, url, status, codes, retryable, ambiguous, registry, retryAfter, cause });
}

/** A success that this request can't have, or a redirect that it can't follow, comes from a page in front of the registry. */
function isMisplaced(status: number): boolean {
  return status >= 200 && status < 400;
}

function isPush({ method, scopes }: ResponseErrorContext): boolean {
  return (method !== 'GET' && method !== 'HEAD') || scopes.some((scope) => /:[^:]*push/.test(scope));
}

/** What to do about a refusal, and where the refused account came from. */
async function adviceFor(
  status: number,
  remedy: string | undefined,
  { registry, credential }: ResponseErrorContext,
): Promise<string> {
  if (status !== 401 && status !== 403) return remedy ?? '';
  const used = await credential().catch(() => undefined);
  return adviceOn(registry, used, remedy);
}

import type { Dispatcher } from 'undici';
import { RegistryError, redactUrl } from '../errors.ts';
import { USER_AGENT } from '../user-agent.ts';
import type { HostLimiters } from './host-limiter.ts';
import { resolveLocation } from './location.ts';
import { type RegistryRequest, type RegistryResponse, headerOf } from './message.ts';
import { whyNotFollow } from './redirect-policy.ts';

export interface SenderOptions {
  readonly baseUrl: URL;
  readonly dispatcher: Dispatcher;
  readonly limiters: HostLimiters;
  /** Private hosts that registries may redirect to, or name as token service. */
  readonly trustedHosts?: ReadonlySet<string>;
}

/** One request to one URL. */
export interface SingleRequest extends Pick<RegistryRequest, 'method' | 'body' | 'signal'> {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Sends requests of one registry, and follows their redirects without passing credentials on. It retries nothing. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends `request`, and follows its redirects unless it has a body or expects them. */
  async send(
    request: SingleRequest & { readonly expect: readonly number[] },
    authorization: string | undefined,
  ): Promise<RegistryResponse> {
    const { baseUrl, trustedHosts } = this.#options;
    const { method, body, signal, expect } = request;
    let { url } = request;
    const refusal = whyNotFollow(baseUrl, url, trustedHosts);
    if (refusal !== undefined) throw misdirected(method, baseUrl, url, refusal);
    for (let redirects = 0; ; redirects += 1) {
      const isOwn = url.origin === baseUrl.origin && authorization !== undefined;
      const headers = isOwn ? { ...request.headers, authorization } : request.headers;
      const response = await this.dispatch({ method, url, headers, body, ...(signal && { signal }) });
      const isRedirect = REDIRECTS.has(response.status) && !expect.includes(response.status);
      const location = isRedirect ? headerOf(response.headers, 'location') : undefined;
      if (location === undefined || body !== undefined) return response;
      await response.body.dump();
      const next = resolveLocation(location, url);
      const reason = next ? whyNotFollow(url, next, trustedHosts) : 'is malformed';
      if (!next || reason !== undefined) throw misdirected(method, url, next, reason);
      if (redirects >= MAX_REDIRECTS) {
        throw new RegistryError({
          method,
          url,
          cause: `more than ${MAX_REDIRECTS} redirects`,
          ambiguous: true,
        });
      }
      url = next;
    }
  }

  /** Sends `request` to exactly its URL. */
  async dispatch(request: SingleRequest): Promise<RegistryResponse> {
    const { dispatcher, baseUrl, limiters } = this.#options;
    const { method, url, signal } = request;
    // A request to the registry itself has passed its limiter already.
    if (url.host !== baseUrl.host) await limiters.find(url.host)?.waitUntilOpen(signal);
    const { statusCode, headers, body } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': USER_AGENT, ...request.headers },
      body: request.body ?? null,
      signal: signal ?? null,
    });
    return { status: statusCode, headers, url, body };
  }
}

function misdirected(
  method: string,
  from: URL,
  to: URL | undefined,
  reason: string | undefined,
): RegistryError {
  const where = to ? redactUrl(to) : 'a malformed URL';
  return new RegistryError({
    method,
    url: from,
    cause: `it points to ${where}, which is refused: not followed${reason === undefined ? '' : `, because it ${reason}`}`,
    ambiguous: true,
  });
}

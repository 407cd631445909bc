import type { Dispatcher } from 'undici';
import type { ForeignTokens } from '../auth/foreign-tokens.ts';
import { RegistryError, redactUrl } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { noteRequest } from '../work-counter.ts';
import { USER_AGENT } from '../user-agent.ts';
import { Exchange } from './exchange.ts';
import type { HostLimiters } from './host-limiter.ts';
import { resolveLocation } from './location.ts';
import { type RegistryRequest, type RegistryResponse, headerOf, listHeaderOf } from './message.ts';
import { whyNotFollow } from './redirect-policy.ts';
import { isGarbled } from './retry.ts';

/** undici's dispatcher. It takes iterables too, though its types do not say so: a stream made of one costs more for each chunk. */
export interface BodyDispatcher {
  dispatch(
    options: Omit<Dispatcher.DispatchOptions, 'body'> & {
      readonly body?: NonNullable<Dispatcher.DispatchOptions['body']> | AsyncIterable<Uint8Array> | null;
    },
    handler: Dispatcher.DispatchHandler,
  ): boolean;
}

export interface SenderOptions {
  readonly baseUrl: URL;
  readonly dispatcher: BodyDispatcher;
  readonly limiters: HostLimiters;
  readonly foreignTokens: ForeignTokens;
  readonly logger: Pick<Logger, 'debug'>;
  /** In milliseconds. */
  readonly clock: () => number;
  /** Private hosts that registries may redirect to, or name as token service. */
  readonly trustedHosts?: ReadonlySet<string>;
}

/** One request to one URL. */
export interface SingleRequest extends Pick<
  RegistryRequest,
  'method' | 'body' | 'responseTimeoutMs' | 'signal'
> {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A request that may be redirected. */
export interface RedirectableRequest extends SingleRequest {
  /** Statuses that are not followed or answered, but returned. */
  readonly expect: readonly number[];
  readonly scopes: readonly string[];
}

/** Sends requests of one registry, and follows their redirects without passing credentials on. It retries nothing. */
export class Sender {
  readonly #options: SenderOptions;
  /** True once a response was garbled, perhaps by a body that followed the response to a HEAD. */
  #sendsBodyToHead = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Sends `request`, and follows its redirects unless it has a body or expects them. A redirect to another registry that
   * demands a token is answered with an anonymous one.
   *
   * @param authorization is sent to the origin of `home` alone
   * @param home the registry's base URL, or its token service
   */
  async send(
    request: RedirectableRequest,
    authorization: string | undefined,
    home = this.#options.baseUrl,
  ): Promise<RegistryResponse> {
    const { foreignTokens, trustedHosts } = this.#options;
    const { method, url, scopes } = request;
    const refusal = whyNotFollow(home, url, trustedHosts);
    if (refusal !== undefined) throw misdirected(method, home, url, refusal);
    // A token request gets no token of its own.
    const usesForeignTokens = home === this.#options.baseUrl && request.body === undefined;
    for (let isRepeated = false; ; isRepeated = true) {
      let foreign: string | undefined;
      const response = await this.#follow(request, async (hop) => {
        if (hop.origin === home.origin) return authorization;
        foreign = usesForeignTokens ? await foreignTokens.header(hop, scopes) : undefined;
        return foreign;
      });
      const isForeign401 = response.status === 401 && response.url.origin !== home.origin;
      if (!isForeign401 || !usesForeignTokens || isRepeated) return response;
      const wwwAuthenticate = listHeaderOf(response.headers, 'www-authenticate');
      const unauthorized = { url: response.url, wwwAuthenticate, scopes };
      if (!foreignTokens.acceptChallenge(unauthorized, foreign)) return response;
      // From the start: the URL that it was redirected to may only be valid once.
      await response.body.dump();
    }
  }

  async #follow(
    request: RedirectableRequest,
    authorizationFor: (hop: URL) => Promise<string | undefined>,
  ): Promise<RegistryResponse> {
    const { trustedHosts } = this.#options;
    const { method, body, expect } = request;
    let { url } = request;
    for (let redirects = 0; ; redirects += 1) {
      const authorization = await authorizationFor(url);
      const headers = authorization === undefined ? request.headers : { ...request.headers, authorization };
      const response = await this.dispatch({ ...request, url, headers });
      const isRedirect = REDIRECTS.has(response.status) && !expect.includes(response.status);
      const location = isRedirect ? headerOf(response.headers, 'location') : undefined;
      if (location === undefined || body !== undefined) return response;
      await response.body.dump();
      const next = resolveLocation(location, url);
      const reason = next ? whyNotFollow(url, next, trustedHosts) : 'is malformed';
      if (!next || reason !== undefined) throw misdirected(method, url, next, reason);
      if (redirects >= MAX_REDIRECTS) throw tooManyRedirects(method, url);
      url = next;
    }
  }

  /** Sends `request` to exactly its URL. */
  async dispatch(request: SingleRequest): Promise<RegistryResponse> {
    const { dispatcher, baseUrl, limiters, logger, clock } = this.#options;
    const { method, url, signal } = request;
    // A request to the registry itself has passed its limiter already.
    if (url.host !== baseUrl.host) await limiters.find(url.host)?.waitUntilOpen(signal);
    noteRequest();
    const started = clock();
    const exchange = new Exchange(signal);
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...request.headers },
        body: request.body ?? null,
        // undici closes the connection after each HEAD, for servers that send a body all the same.
        ...(method === 'HEAD' && !this.#sendsBodyToHead && { reset: false }),
        ...(request.responseTimeoutMs !== undefined && { headersTimeout: request.responseTimeoutMs }),
      },
      exchange,
    );
    const { status, headers, body } = await exchange.response.catch((error: unknown) => {
      // What follows the response to a HEAD fails the next request on its connection.
      this.#sendsBodyToHead ||= isGarbled(error);
      throw error;
    });
    const took = clock() - started;
    logger.debug(() => `${method} ${redactUrl(url)}: ${status} in ${took} ms`);
    return { status, headers, url, body };
  }
}

function tooManyRedirects(method: string, url: URL): RegistryError {
  const cause = `more than ${MAX_REDIRECTS} redirects`;
  return new RegistryError({ method, url, cause, ambiguous: true });
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

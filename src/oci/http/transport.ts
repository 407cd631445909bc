import type { Dispatcher } from 'undici';
import { type SendTokenRequest, Authenticator } from '../auth/authenticator.ts';
import type { Credential } from '../auth/credentials.ts';
import { RegistryError, isAccessDenied, printable, redactUrl } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Sleep } from '../sleep.ts';
import type { HostLimiters } from './host-limiter.ts';
import { type RegistryRequest, type RegistryResponse, headerOf, listHeaderOf, readBody } from './message.ts';
import { ProxyError } from './proxy-error.ts';
import { mayFollow } from './redirect-policy.ts';
import { responseErrorOf } from './response-error.ts';
import { LONGEST_PAUSE_MS, RetryBudget, backoffDelay, errorCode, isNetworkError } from './retry.ts';

export interface TransportOptions {
  readonly baseUrl: URL;
  readonly dispatcher: Dispatcher;
  /** Its host's, and those of its storage and token service. */
  readonly limiters: HostLimiters;
  readonly credential: () => Promise<Credential | undefined>;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly clock: () => number;
  readonly random: () => number;
  readonly mask: (secret: string) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Bytes of a token service's answer. */
const MAX_TOKEN_BYTES = 64 * 1024;

/**
 * Requests to one registry: authenticated, bounded, retried, and redirected without handing credentials on.
 */
export class RegistryTransport {
  readonly #options: TransportOptions;
  readonly #authenticator: Authenticator;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#authenticator = new Authenticator({
      registry: options.baseUrl,
      credential: options.credential,
      sendTokenRequest: (request) => this.#sendTokenRequest(request),
      clock: options.clock,
      mask: options.mask,
    });
  }

  /** When the registry may be asked again, where it has asked to wait. */
  async ready(): Promise<void> {
    const { baseUrl, limiters, signal } = this.#options;
    // Of what is not waited for requests say themselves why.
    await limiters
      .of(baseUrl.host)
      .waitUntilOpen(signal)
      .catch(() => undefined);
  }

  /** Where `path` is at this registry. */
  urlOf(path: string | URL): URL {
    return new URL(path.toString(), this.#options.baseUrl);
  }

  /**
   * Sends `request` and gives what `read` makes of the answer. `read` runs inside the retries: a body that
   * breaks off is asked for again. It must consume the body.
   *
   * @throws RegistryError when the registry refuses, or the retries are used up
   */
  async send<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T> {
    const { baseUrl, limiters, retries, sleep, random, logger } = this.#options;
    const limiter = limiters.of(baseUrl.host);
    const signal = this.#signalOf(request);
    const retryBudget = new RetryBudget(retries, random);
    let throttled = 0;
    for (;;) {
      try {
        return await limiter.run(() => this.#try(request, read, throttled), signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = this.#describe(request, thrown);
        if (error.status === 429) throttled += 1;
        const isFinal = request.repeatable === false || (error.ambiguous && request.insist === false);
        const delay = isFinal ? undefined : retryBudget.nextDelay(error);
        if (delay === undefined) throw error;
        const tried = `try ${retryBudget.tries + 1} of ${retries + 1} in ${Math.ceil(delay / 1000)} s`;
        logger.debug(`${error.message}; ${tried}`);
        await sleep(delay, signal);
      }
    }
  }

  /**
   * Like `send`, but the answer's body is the caller's to read, at its own pace. The request keeps its place at
   * the limiter until `release` is called. A body that breaks off is not asked for again here.
   */
  async open(request: RegistryRequest): Promise<RegistryResponse & { release: () => void }> {
    const opened = Promise.withResolvers<RegistryResponse & { release: () => void }>();
    this.send(request, async (response) => {
      const released = Promise.withResolvers<void>();
      opened.resolve({ ...response, release: released.resolve });
      await released.promise;
    }).catch(opened.reject);
    return opened.promise;
  }

  /**
   * One attempt. A 429 of whichever host answered closes the limiter of that host.
   *
   * @param throttled how often this request was answered so
   */
  async #try<T>(
    request: RegistryRequest,
    read: (response: RegistryResponse) => Promise<T>,
    throttled: number,
  ): Promise<T> {
    try {
      return await this.#attempt(request, read);
    } catch (error) {
      if (error instanceof RegistryError && error.status === 429) {
        const pause = error.retryAfter ?? backoffDelay(throttled, this.#options.random);
        this.#options.limiters
          .of(new URL(error.url).host)
          .pause(pause, pause > LONGEST_PAUSE_MS ? error : undefined);
      }
      throw error;
    }
  }

  async #attempt<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T> {
    const { scopes } = request;
    let authorization = await this.#answerOf(scopes);
    let response = await this.#follow(request, authorization);
    let isAmbiguous = false;
    for (let renewed = false; response.status === 401; renewed = true) {
      const challenge = await this.#challengeOf(response);
      isAmbiguous ||= this.#authenticator.doubts(challenge, scopes, authorization);
      const isLearnt = this.#authenticator.learn(challenge, scopes, authorization);
      if (renewed || !isLearnt || request.repeatable === false) break;
      await response.body.dump();
      authorization = await this.#answerOf(scopes);
      response = await this.#follow(request, authorization);
    }
    if (!request.expect.includes(response.status)) {
      const refusal = await this.#refusal(request, response, isAmbiguous ? [401] : []);
      const other = await this.#withoutCredential(request, refusal, authorization);
      if (!other) throw refusal;
      response = other;
    }
    this.#authenticator.admit(scopes);
    return read(response);
  }

  /** What the registry asks for. Where it can't be had, it may have been asked for by somebody in between. */
  async #answerOf(scopes: readonly string[]): Promise<string | undefined> {
    try {
      return await this.#authenticator.header(scopes);
    } catch (error) {
      this.#authenticator.forget();
      throw error;
    }
  }

  /** The answer to a refused request as anybody gets it, where the credential was given for nothing like it. */
  async #withoutCredential(
    request: RegistryRequest,
    refusal: RegistryError,
    refused: string | undefined,
  ): Promise<RegistryResponse | undefined> {
    const { scopes, expect } = request;
    if (!isAccessDenied(refusal) || !(await this.#authenticator.mayGoWithout(scopes))) return undefined;
    const authorization = await this.#authenticator.header(scopes, true).catch(() => refused);
    if (authorization === refused) return undefined;
    const response = await this.#follow(request, authorization);
    if (expect.includes(response.status)) {
      this.#authenticator.goWithout(scopes);
      return response;
    }
    await response.body.dump();
    return undefined;
  }

  /** Google may leave the challenge out of a 401; `/v2/` has it then. */
  async #challengeOf(response: RegistryResponse): Promise<string | undefined> {
    const own = listHeaderOf(response.headers, 'www-authenticate');
    if (own !== undefined || this.#authenticator.hasChallenge) return own;
    const base = await this.#dispatch({ method: 'GET', url: this.urlOf('/v2/'), headers: {} });
    await base.body.dump();
    return listHeaderOf(base.headers, 'www-authenticate');
  }

  /** Sends, and follows the redirects of a request that has no body. */
  async #follow(request: RegistryRequest, authorization: string | undefined): Promise<RegistryResponse> {
    const { baseUrl } = this.#options;
    const signal = this.#signalOf(request);
    let url = this.urlOf(request.url);
    if (!mayFollow(baseUrl, url)) throw this.#misdirected(request.method, baseUrl, url);
    for (let redirects = 0; ; redirects += 1) {
      const own = url.origin === baseUrl.origin && authorization !== undefined;
      const headers = own ? { ...request.headers, authorization } : { ...request.headers };
      const response = await this.#dispatch({
        method: request.method,
        url,
        headers,
        body: request.body,
        signal,
      });
      const isRedirect = REDIRECTS.has(response.status) && !request.expect.includes(response.status);
      const location = isRedirect ? headerOf(response.headers, 'location') : undefined;
      if (location === undefined || request.body !== undefined) return response;
      await response.body.dump();
      const next = URL.parse(location, url.href);
      if (!next || !mayFollow(url, next)) throw this.#misdirected(request.method, url, next);
      if (redirects >= MAX_REDIRECTS) {
        throw new RegistryError({
          method: request.method,
          url,
          cause: `more than ${MAX_REDIRECTS} redirects`,
          ambiguous: true,
        });
      }
      url = next;
    }
  }

  async #dispatch(request: {
    method: RegistryRequest['method'];
    url: URL;
    headers: Record<string, string>;
    body?: RegistryRequest['body'];
    signal?: AbortSignal | undefined;
  }): Promise<RegistryResponse> {
    const { dispatcher, baseUrl, limiters } = this.#options;
    const { method, url, headers: sent, signal = this.#options.signal } = request;
    // Of its own host the request has passed the limiter already.
    if (url.host !== baseUrl.host) await limiters.find(url.host)?.waitUntilOpen(signal);
    const { statusCode, headers, body } = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: sent,
      body: request.body ?? null,
      signal: signal ?? null,
    });
    return { status: statusCode, headers, url, body };
  }

  #signalOf({ signal: own }: RegistryRequest): AbortSignal | undefined {
    const { signal } = this.#options;
    return own && signal ? AbortSignal.any([own, signal]) : (own ?? signal);
  }

  #sendTokenRequest: SendTokenRequest = async ({ scopes, ...request }) => {
    const response = await this.#dispatch(request);
    if (response.status !== 200) {
      // A token like one that the registry took before is hardly refused with good reason.
      const ambiguousStatuses = this.#authenticator.isAdmitted(scopes) ? [401, 404] : [404];
      throw await this.#refusal({ method: request.method, scopes }, response, ambiguousStatuses);
    }
    return new TextDecoder().decode(await readBody(response, MAX_TOKEN_BYTES));
  };

  async #refusal(
    { method, scopes }: Pick<RegistryRequest, 'method' | 'scopes'>,
    response: RegistryResponse,
    ambiguousStatuses: readonly number[],
  ): Promise<RegistryError> {
    const { baseUrl, clock, credential } = this.#options;
    const registry = baseUrl.host;
    return responseErrorOf(response, {
      method,
      scopes,
      registry,
      now: clock(),
      credential,
      ambiguousStatuses,
    });
  }

  #misdirected(method: string, from: URL, to: URL | null): RegistryError {
    const where = to ? redactUrl(to) : 'a malformed URL';
    return new RegistryError({
      method,
      url: from,
      cause: `it points to ${where}, which is refused: not followed`,
      ambiguous: true,
    });
  }

  /** What broke, as a RegistryError; one that a body threw while it was sent says itself whose fault it was. */
  #describe(request: RegistryRequest, thrown: unknown): RegistryError {
    if (thrown instanceof RegistryError) return thrown;
    const proxyError = thrown instanceof ProxyError ? thrown : undefined;
    const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
    const code = proxyError ? undefined : errorCode(thrown);
    const cause = printable(code !== undefined && !message.includes(code) ? `${code}: ${message}` : message);
    return new RegistryError({
      method: request.method,
      url: this.urlOf(request.url),
      cause,
      registry: this.#options.baseUrl.host,
      retryable: proxyError?.retryable ?? isNetworkError(thrown),
      error: thrown,
    });
  }
}

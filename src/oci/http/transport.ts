import type { Dispatcher } from 'undici';
import { type AuthenticatorOptions, Authenticator } from '../auth/authenticator.ts';
import { ForeignTokens } from '../auth/foreign-tokens.ts';
import type { SendTokenRequest } from '../auth/token-service.ts';
import { RegistryError, printable } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Sleep } from '../sleep.ts';
import { Address } from './address.ts';
import { AuthenticatedRequest, type AuthenticatedRequestOptions } from './authenticated-request.ts';
import type { HostLimiter, HostLimiters } from './host-limiter.ts';
import { type RegistryRequest, type RegistryResponse, listHeaderOf, readBody } from './message.ts';
import { ProxyError } from './proxy-error.ts';
import { type ResponseErrorContext, responseErrorOf } from './response-error.ts';
import { LONGEST_PAUSE_MS, RetryBudget, backoffDelay, errorCode, isNetworkError } from './retry.ts';
import { Sender } from './sender.ts';

export interface TransportOptions {
  readonly baseUrl: URL;
  readonly dispatcher: Dispatcher;
  /** Those of all hosts: the registry's, and its storage's and token service's. */
  readonly limiters: HostLimiters;
  readonly credential: AuthenticatorOptions['credential'];
  readonly renewCredential?: AuthenticatorOptions['renewCredential'];
  /** Private hosts that the registry may redirect to, or name as token service: the input `trusted-hosts`. */
  readonly trustedHosts?: ReadonlySet<string>;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly clock: () => number;
  readonly random: () => number;
  readonly mask: (secret: string) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/** A response whose body is read at the caller's own pace. */
export interface OpenResponse {
  readonly response: RegistryResponse;
  /** To be called once the body was read, or will not be. */
  readonly release: () => void;
}

/** The largest answer of a token service. */
const MAX_TOKEN_BYTES = 64 * 1024;

/** A 503 with `Retry-After` concerns the whole host too. https://www.rfc-editor.org/rfc/rfc9110#status.503 */
function asksForPause({ isRateLimit, status, retryAfter }: RegistryError): boolean {
  return isRateLimit || (status === 503 && retryAfter !== undefined);
}

/** Requests to one registry: authenticated, limited, retried, and redirected without passing credentials on. */
export class RegistryTransport {
  readonly #options: TransportOptions;
  readonly #registry: Address;
  readonly #limiter: HostLimiter;
  readonly #authenticator: Authenticator;
  readonly #sender: Sender;
  readonly #authenticated: AuthenticatedRequestOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#registry = Address.of(options.baseUrl);
    this.#limiter = options.limiters.of(this.#registry.host);
    const tokens = {
      ...(options.trustedHosts && { trustedHosts: options.trustedHosts }),
      sendTokenRequest: this.#sendTokenRequest,
      clock: options.clock,
      mask: options.mask,
    };
    this.#sender = new Sender({
      ...options,
      registry: this.#registry,
      foreignTokens: new ForeignTokens(tokens),
    });
    this.#authenticator = new Authenticator({
      ...tokens,
      registry: options.baseUrl,
      credential: options.credential,
      renewCredential: options.renewCredential,
    });
    this.#authenticated = {
      baseUrl: options.baseUrl,
      authenticator: this.#authenticator,
      send: this.#sendOnce,
      baseChallenge: this.#baseChallenge,
      errorOf: this.#errorOf,
    };
  }

  /**
   * Waits until the registry accepts requests again, if it has requested a pause.
   *
   * @param signal ends the wait
   */
  async ready(signal: AbortSignal): Promise<void> {
    // A pause that is too long to wait for is reported by the request that meets it.
    await this.#limiter.waitUntilOpen(signal).catch(() => undefined);
  }

  /** The URL of `path` at this registry. */
  urlOf(path: string | URL): URL {
    return this.#registry.at(path).url;
  }

  /**
   * Sends `request` and returns what `read` makes of the response. `read` must consume the body. It runs inside the
   * retries: a body that breaks off is requested again.
   *
   * @throws RegistryError when the registry refuses, or the retries are used up
   */
  async send<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T> {
    const { retries, sleep, random, logger } = this.#options;
    const signal = this.#signalOf(request);
    const retryBudget = new RetryBudget(retries, random);
    let throttled = 0;
    for (;;) {
      try {
        return await this.#limiter.run(() => this.#attempt(request, read, throttled), signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = this.#describe(request, thrown);
        if (error.isRateLimit) throttled += 1;
        const isFinal = request.repeatable === false || (request.insist === false && !error.isRateLimit);
        const delayMs = isFinal ? undefined : retryBudget.nextDelay(error);
        if (delayMs === undefined) {
          error.isExhausted = !isFinal && error.retryable;
          throw error;
        }
        const retry = `retry ${retryBudget.used} of ${retries} in ${Math.ceil(delayMs / 1000)} s`;
        logger.info(`${error.message}; ${retry}`);
        await sleep(delayMs, signal);
      }
    }
  }

  /**
   * Like `send`, but the caller reads the body at its own pace. The request keeps its place at the limiter until `release`
   * is called or its signal is aborted: a reader that is suspended for good never calls it. A body that breaks off is not requested
   * again here.
   */
  async open(request: RegistryRequest): Promise<OpenResponse> {
    const { signal } = request;
    const opened = Promise.withResolvers<OpenResponse>();
    this.send(request, async (response) => {
      const { promise, resolve: release } = Promise.withResolvers<void>();
      const onAbort = (): void => release();
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) release();
      opened.resolve({ response, release });
      await promise;
      signal?.removeEventListener('abort', onAbort);
    }).catch(opened.reject);
    return opened.promise;
  }

  /**
   * One attempt. A rate limit pauses the host that answered, whichever it is, and so does an outage for which it asks for a pause.
   *
   * @param throttled how often this request has met a rate limit
   */
  async #attempt<T>(
    request: RegistryRequest,
    read: (response: RegistryResponse) => Promise<T>,
    throttled: number,
  ): Promise<T> {
    try {
      return await read(await new AuthenticatedRequest(request, this.#authenticated).run());
    } catch (error) {
      if (error instanceof RegistryError && asksForPause(error)) {
        const pauseMs = error.retryAfter ?? backoffDelay(throttled, this.#options.random);
        this.#options.limiters
          .of(new URL(error.url).host)
          .pause(pauseMs, pauseMs > LONGEST_PAUSE_MS ? error : undefined);
      }
      throw error;
    }
  }

  #sendOnce: AuthenticatedRequestOptions['send'] = async (request, authorization) => {
    const { method, url, headers, body, scopes, expect, responseTimeoutMs } = request;
    const address = this.#registry.at(url);
    const signal = this.#signalOf(request);
    const single = { method, address, headers, body, scopes, expect, responseTimeoutMs, signal };
    return this.#sender.send(single, authorization);
  };

  #baseChallenge: AuthenticatedRequestOptions['baseChallenge'] = async () => {
    const { signal } = this.#options;
    const { headers, body } = await this.#sender.dispatch(
      { method: 'GET', signal },
      this.#registry.at('/v2/'),
    );
    await body.dump();
    return listHeaderOf(headers, 'www-authenticate');
  };

  #errorOf: AuthenticatedRequestOptions['errorOf'] = async (request, response, isAmbiguous) =>
    this.#responseError(request, response, {
      isRedirected: response.url.origin !== this.#registry.origin,
      ambiguousStatuses: isAmbiguous ? [401] : [],
    });

  #signalOf({ signal: own }: RegistryRequest): AbortSignal | undefined {
    const { signal } = this.#options;
    return own && signal ? AbortSignal.any([own, signal]) : (own ?? signal);
  }

  #sendTokenRequest: SendTokenRequest = async ({ headers: { authorization, ...headers }, ...request }) => {
    const { method, url, scopes } = request;
    const address = Address.of(url);
    const { signal } = this.#options;
    const single = { ...request, address, headers, expect: [200], signal };
    const response = await this.#sender.send(single, authorization, address);
    if (response.status !== 200) {
      // A service that issued such a token before hardly refuses the next one with good reason.
      const ambiguousStatuses = this.#authenticator.isAuthorized(scopes) ? [401, 404] : [404];
      const more = { isRedirected: response.url.origin !== address.origin, ambiguousStatuses };
      throw await this.#responseError({ method, scopes }, response, more);
    }
    return new TextDecoder().decode(await readBody(response, MAX_TOKEN_BYTES));
  };

  async #responseError(
    { method, scopes }: Pick<RegistryRequest, 'method' | 'scopes'>,
    response: RegistryResponse,
    more: Pick<ResponseErrorContext, 'isRedirected' | 'ambiguousStatuses'>,
  ): Promise<RegistryError> {
    const { baseUrl, clock, credential } = this.#options;
    const registry = baseUrl.host;
    return responseErrorOf(response, {
      method,
      scopes,
      registry,
      now: clock(),
      credential,
      ...more,
    });
  }

  /** Whatever was thrown, as a RegistryError. A body that fails while it is sent throws one with its own cause. */
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

import type { Dispatcher } from 'undici';
import type { Logger } from '../logger.ts';
import { Authenticator, type SendTokenRequest } from './auth.ts';
import type { Credential } from './credentials.ts';
import { RegistryError, isDenial, printable, readErrorBody, redactUrl } from './errors.ts';
import type { HostGate, Sleep } from './host-gate.ts';
import { type RegistryRequest, type RegistryResponse, headerOf, listHeaderOf, readBody } from './http.ts';
import { mayFollow } from './origin.ts';
import { ProxyError } from './proxy-error.ts';
import { adviceOn, remedyFor } from './remedy.ts';
import { backoffDelay, errorCode, isNetworkError, isRetryableStatus, parseRetryAfter } from './retry.ts';

export interface TransportOptions {
  readonly baseUrl: URL;
  readonly dispatcher: Dispatcher;
  readonly gate: HostGate;
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
const MAX_ERROR_BODY = 64 * 1024;
/** A registry that asks for a longer pause than this is given up on: the next run goes on. Milliseconds. */
const LONGEST_PAUSE = 10 * 60_000;

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

  /**
   * Sends `request` and gives what `read` makes of the answer. `read` runs inside the retries: a body that
   * breaks off is asked for again. It must consume the body.
   *
   * @throws RegistryError when the registry refuses, or the retries are used up
   */
  async send<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T> {
    const { gate, retries, sleep, random, logger, signal } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await gate.pass(() => this.#attempt(request, read), signal);
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = this.#describe(request, thrown);
        if (error.status === 429)
          gate.close(Math.min(error.retryAfter ?? backoffDelay(attempt, random), LONGEST_PAUSE));
        const givenUp = attempt >= retries || (error.retryAfter ?? 0) > LONGEST_PAUSE;
        if (!error.retryable || request.repeatable === false || givenUp) throw error;
        const delay = Math.max(backoffDelay(attempt, random), error.retryAfter ?? 0);
        logger.debug(
          `${error.message}; try ${attempt + 2} of ${retries + 1} in ${Math.ceil(delay / 1000)} s`,
        );
        await sleep(delay, signal);
      }
    }
  }

  /**
   * Like `send`, but the answer's body is the caller's to read, at its own pace. The request keeps its place at
   * the gate until `release` is called. A body that breaks off is not asked for again here.
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

  async #attempt<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T> {
    let authorization = await this.#authenticator.header(request.scopes);
    let response = await this.#follow(request, authorization);
    if (response.status === 401 && request.repeatable !== false) {
      const challenge = await this.#challengeOf(response);
      if (this.#authenticator.learn(challenge, request.scopes, authorization)) {
        await response.body.dump();
        authorization = await this.#authenticator.header(request.scopes);
        response = await this.#follow(request, authorization);
      }
    }
    if (request.expect.includes(response.status)) return read(response);
    const refusal = await this.#refusal(request, response);
    const other = await this.#withoutCredential(request, refusal, authorization);
    if (!other) throw refusal;
    return read(other);
  }

  /** The answer to a refused request as anybody gets it, where the credential was given for nothing like it. */
  async #withoutCredential(
    request: RegistryRequest,
    refusal: RegistryError,
    refused: string | undefined,
  ): Promise<RegistryResponse | undefined> {
    const { scopes, expect } = request;
    if (!isDenial(refusal) || !(await this.#authenticator.mayGoWithout(scopes))) return undefined;
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
    const base = await this.#dispatch({
      method: 'GET',
      url: new URL('/v2/', this.#options.baseUrl),
      headers: {},
    });
    await base.body.dump();
    return listHeaderOf(base.headers, 'www-authenticate');
  }

  /** Sends, and follows the redirects of a request that has no body. */
  async #follow(request: RegistryRequest, authorization: string | undefined): Promise<RegistryResponse> {
    const { baseUrl } = this.#options;
    let url = new URL(request.url.toString(), baseUrl);
    if (!mayFollow(baseUrl, url)) throw this.#misdirected(request.method, baseUrl, url);
    for (let redirects = 0; ; redirects += 1) {
      const own = url.origin === baseUrl.origin && authorization !== undefined;
      const headers = own ? { ...request.headers, authorization } : { ...request.headers };
      const response = await this.#dispatch({ method: request.method, url, headers, body: request.body });
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
  }): Promise<RegistryResponse> {
    const { dispatcher, signal } = this.#options;
    const { statusCode, headers, body } = await dispatcher.request({
      origin: request.url.origin,
      path: request.url.pathname + request.url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: signal ?? null,
    });
    return { status: statusCode, headers, url: request.url, body };
  }

  #sendTokenRequest: SendTokenRequest = async ({ method, url, headers, body, scopes }) => {
    const response = await this.#dispatch({ method, url, headers, body });
    if (response.status !== 200) throw await this.#refusal({ method, scopes }, response);
    return new TextDecoder().decode(await readBody(response, MAX_ERROR_BODY));
  };

  async #refusal(
    request: Pick<RegistryRequest, 'method' | 'scopes'>,
    response: RegistryResponse,
  ): Promise<RegistryError> {
    const { status, headers, url } = response;
    const body = await readBody(response, MAX_ERROR_BODY).catch(() => new Uint8Array());
    const { codes, text } = readErrorBody(new TextDecoder().decode(body));
    const retryAfter = parseRetryAfter(headerOf(headers, 'retry-after'), this.#options.clock());
    const throttled = status === 403 && /secondary rate limit/i.test(text);
    // docker-registry answers 500 for a manifest that it never will take.
    const faulty = isRetryableStatus(status) && !codes.includes('MANIFEST_BLOB_UNKNOWN');
    const retryable = faulty || throttled || codes.some((code) => RETRYABLE_CODES.has(code));
    const said = text === '' ? `status ${status}` : `status ${status}, ${text}`;
    const advice = retryable ? '' : await this.#advice(request, status, said);
    const cause = advice === '' ? said : `${said.replace(/\.$/, '')}. ${advice}`;
    return new RegistryError({ method: request.method, url, status, codes, retryable, retryAfter, cause });
  }

  /** What to do about a refusal, and whose account was refused. */
  async #advice(
    { method, scopes }: Pick<RegistryRequest, 'method' | 'scopes'>,
    status: number,
    said: string,
  ): Promise<string> {
    const { baseUrl, credential } = this.#options;
    const pushing =
      (method !== 'GET' && method !== 'HEAD') || scopes.some((scope) => /:[^:]*push/.test(scope));
    const remedy = remedyFor(said, pushing);
    if (status !== 401 && status !== 403) return remedy ?? '';
    const used = await credential().catch(() => undefined);
    return adviceOn(baseUrl.host, used, remedy);
  }

  #misdirected(method: string, from: URL, to: URL | null): RegistryError {
    const where = to ? redactUrl(to) : 'a malformed URL';
    return new RegistryError({
      method,
      url: from,
      cause: `it points to ${where}, which is refused: not followed`,
    });
  }

  /** What broke, as a RegistryError; one that a body threw while it was sent says itself whose fault it was. */
  #describe(request: RegistryRequest, thrown: unknown): RegistryError {
    if (thrown instanceof RegistryError) return thrown;
    const url = new URL(request.url.toString(), this.#options.baseUrl);
    const proxyError = thrown instanceof ProxyError ? thrown : undefined;
    const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
    const code = proxyError ? undefined : errorCode(thrown);
    const cause = printable(code !== undefined && !message.includes(code) ? `${code}: ${message}` : message);
    return new RegistryError({
      method: request.method,
      url,
      cause,
      retryable: proxyError?.retryable ?? isNetworkError(thrown),
      error: thrown,
    });
  }
}

/** Upload sessions that a registry lost; a new one may go through. */
const RETRYABLE_CODES = new Set(['BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'TOOMANYREQUESTS']);

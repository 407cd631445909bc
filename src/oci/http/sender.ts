import type { Dispatcher } from 'undici';
import type { ForeignTokens } from '../auth/foreign-tokens.ts';
import { RegistryError, redactUrl } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { noteRequest } from '../work-counter.ts';
import { USER_AGENT } from '../user-agent.ts';
import { Address } from './address.ts';
import { Exchange } from './exchange.ts';
import type { HostLimiters } from './host-limiter.ts';
import { resolveLocation } from './location.ts';
import {
  type RegistryRequest,
  type RegistryResponse,
  type ResponseBody,
  headerOf,
  listHeaderOf,
} from './message.ts';
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
  readonly registry: Address;
  readonly dispatcher: BodyDispatcher;
  readonly limiters: HostLimiters;
  readonly foreignTokens: ForeignTokens;
  readonly logger: Pick<Logger, 'debug'>;
  /** In milliseconds. */
  readonly clock: () => number;
  /** Private hosts that registries may redirect to, or name as token service. */
  readonly trustedHosts?: ReadonlySet<string>;
}

/** What is sent to one address. */
export interface SingleRequest extends Pick<RegistryRequest, 'method'> {
  readonly body?: RegistryRequest['body'] | undefined;
  readonly responseTimeoutMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A request that may be redirected. */
export interface RedirectableRequest extends SingleRequest {
  readonly address: Address;
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
   * @param home the registry, or its token service
   */
  async send(
    request: RedirectableRequest,
    authorization: string | undefined,
    home = this.#options.registry,
  ): Promise<RegistryResponse> {
    const { foreignTokens, registry } = this.#options;
    const { address, scopes, expect, body } = request;
    this.#refuse(request, home, address);
    // A token request gets no token of its own.
    const usesForeignTokens = home === registry && body === undefined;
    let hop = address;
    let redirects = 0;
    let isRepeated = false;
    for (;;) {
      const isHome = hop.origin === home.origin;
      const foreign = isHome || !usesForeignTokens ? undefined : await foreignTokens.header(hop.url, scopes);
      const response = await this.dispatch(request, hop, isHome ? authorization : foreign);
      const { status, headers } = response;
      const location =
        REDIRECTS.has(status) && !expect.includes(status) ? headerOf(headers, 'location') : undefined;
      if (location !== undefined && body === undefined) {
        await response.body.dump();
        hop = this.#redirected(request, hop, location, ++redirects);
        continue;
      }
      if (status !== 401 || isHome || !usesForeignTokens || isRepeated) return response;
      const unauthorized = {
        url: hop.url,
        wwwAuthenticate: listHeaderOf(headers, 'www-authenticate'),
        scopes,
      };
      if (!foreignTokens.acceptChallenge(unauthorized, foreign)) return response;
      await response.body.dump();
      // From the start: the URL that it was redirected to may only be valid once.
      hop = address;
      redirects = 0;
      isRepeated = true;
    }
  }

  /** Sends `request` to exactly `address`. */
  async dispatch(
    request: SingleRequest,
    address: Address,
    authorization?: string,
  ): Promise<RegistryResponse> {
    const { dispatcher, registry, limiters, logger, clock } = this.#options;
    const { method, signal, responseTimeoutMs } = request;
    // A request to the registry itself has passed its limiter already.
    if (address.host !== registry.host) await limiters.find(address.host)?.waitUntilOpen(signal);
    noteRequest();
    const started = clock();
    const exchange = new Exchange(signal);
    dispatcher.dispatch(
      {
        origin: address.origin,
        path: address.path,
        method,
        headers: {
          'user-agent': USER_AGENT,
          'accept-encoding': 'identity',
          ...request.headers,
          ...(authorization !== undefined && { authorization }),
        },
        body: request.body ?? null,
        // undici closes the connection after each HEAD, for servers that send a body all the same.
        ...(method === 'HEAD' && !this.#sendsBodyToHead && { reset: false }),
        ...(responseTimeoutMs !== undefined && { headersTimeout: responseTimeoutMs }),
      },
      exchange,
    );
    try {
      const { status, headers, body } = await exchange.response;
      const took = clock() - started;
      logger.debug(() => `${method} ${redactUrl(address.url)}: ${status} in ${took} ms`);
      return new AddressedResponse(status, headers, body, address);
    } catch (error) {
      // What follows the response to a HEAD fails the next request on its connection.
      this.#sendsBodyToHead ||= isGarbled(error);
      throw error;
    }
  }

  /** Where a redirect leads. @throws RegistryError when it must not be followed */
  #redirected(request: SingleRequest, from: Address, location: string, redirects: number): Address {
    const next = resolveLocation(location, from.url);
    if (!next) throw misdirected(request.method, from.url, undefined, 'is malformed');
    const to = Address.of(next);
    this.#refuse(request, from, to);
    if (redirects > MAX_REDIRECTS) throw tooManyRedirects(request.method, from.url);
    return to;
  }

  /** @throws RegistryError when a request to `from` must not continue at `to` */
  #refuse({ method }: SingleRequest, from: Address, to: Address): void {
    if (from.origin === to.origin) return;
    const reason = whyNotFollow(from.url, to.url, this.#options.trustedHosts);
    if (reason !== undefined) throw misdirected(method, from.url, to.url, reason);
  }
}

/** A response that knows where it came from. */
class AddressedResponse implements RegistryResponse {
  readonly status: number;
  readonly headers: RegistryResponse['headers'];
  readonly body: ResponseBody;
  readonly #address: Address;

  constructor(status: number, headers: RegistryResponse['headers'], body: ResponseBody, address: Address) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.#address = address;
  }

  get url(): URL {
    return this.#address.url;
  }
}

function tooManyRedirects(method: string, url: URL): RegistryError {
  const cause = `more than ${MAX_REDIRECTS} redirects`;
  return new RegistryError({ method, url, cause, ambiguous: true });
}

function misdirected(method: string, from: URL, to: URL | undefined, reason: string): RegistryError {
  const where = to ? redactUrl(to) : 'a malformed URL';
  return new RegistryError({
    method,
    url: from,
    cause: `it points to ${where}, which is refused: not followed, because it ${reason}`,
    ambiguous: true,
  });
}

import type { Authenticator } from '../auth/authenticator.ts';
import { parseChallenge } from '../auth/challenge.ts';
import { coversScopes, otherScopes } from '../auth/scopes.ts';
import { RegistryError, isAccessDenied } from '../errors.ts';
import { type RegistryRequest, type RegistryResponse, listHeaderOf } from './message.ts';

/** What authenticated requests need of their transport: the same for all of them. */
export interface AuthenticatedRequestOptions {
  /** The registry's base URL. */
  readonly baseUrl: URL;
  readonly authenticator: Authenticator;
  /** Sends the request once, with its redirects. */
  readonly send: (request: RegistryRequest, authorization: string | undefined) => Promise<RegistryResponse>;
  /** The `WWW-Authenticate` of the registry's base endpoint, `/v2/`. */
  readonly baseChallenge: () => Promise<string | undefined>;
  /** Reads a response that the request does not expect. */
  readonly errorOf: (
    request: RegistryRequest,
    response: RegistryResponse,
    isAmbiguous: boolean,
  ) => Promise<RegistryError>;
}

/**
 * Where one request stands:
 *
 *     unsent ──expected──▶ accepted
 *      ▲  │ │
 *      │  │ └──else─────▶ refused ──fallback credential──▶ anonymous ──expected──▶ accepted
 *      │  │ 401             ▲ │                               │
 *      │  ▼                 │ └──────────▶ failed ◀───────────┘
 *     challenged ──no more──┘
 *
 * `challenged` leads to `unsent` once for a new challenge or token, and once for each set of scopes that the challenge names
 * instead of the request's own.
 */
type State = Step | End;

type Step =
  /** To be sent with what the registry is known to demand. */
  | { readonly kind: 'unsent' }
  /** Answered by the registry with a 401: the challenge may be new, or the token expired. */
  | { readonly kind: 'challenged'; readonly sent: Sent }
  /** Answered with a status that the request does not expect. */
  | { readonly kind: 'refused'; readonly sent: Sent }
  /** The fallback credential was refused: the request is sent without it. */
  | { readonly kind: 'anonymous'; readonly refusal: RegistryError; readonly refused: string | undefined };

type End =
  | { readonly kind: 'accepted'; readonly response: RegistryResponse }
  | { readonly kind: 'failed'; readonly error: RegistryError };

/** An `Authorization` value, and the response to it. */
interface Sent {
  readonly authorization: string | undefined;
  readonly response: RegistryResponse;
}

/** Sends one request until it is accepted, or until nothing is left to authenticate with. */
export class AuthenticatedRequest {
  readonly #request: RegistryRequest;
  readonly #options: AuthenticatedRequestOptions;
  /** The scopes of the token. */
  #tokenScopes: readonly string[];
  /** True while the token has scopes that another request has learned. */
  #isLearned: boolean;
  /** The scopes to try if those are refused; undefined until a challenge has named others. */
  #otherScopes: (readonly string[])[] | undefined;
  /** True once a challenge was answered: the next 401 is a refusal of these scopes. */
  #isRenewed = false;
  /** True once the credential was looked up again: a second refusal counts. */
  #isCredentialRenewed = false;
  /** True when a 401 probably says nothing about the credentials. */
  #isSuspicious = false;

  constructor(request: RegistryRequest, options: AuthenticatedRequestOptions) {
    this.#request = request;
    this.#options = options;
    this.#tokenScopes = options.authenticator.tokenScopesOf(request.scopes);
    this.#isLearned = this.#tokenScopes !== request.scopes;
  }

  /**
   * The response of the registry, with a status that the request expects.
   *
   * @throws RegistryError when the request is refused
   */
  async run(): Promise<RegistryResponse> {
    const { authenticator } = this.#options;
    const { scopes } = this.#request;
    let state = await this.#send();
    while (state.kind !== 'accepted') {
      if (state.kind === 'failed') throw state.error;
      state = await this.#next(state);
    }
    authenticator.markAuthorized(scopes);
    if (this.#tokenScopes !== scopes) authenticator.useTokenScopes(scopes, this.#tokenScopes);
    return state.response;
  }

  async #next(step: Step): Promise<State> {
    switch (step.kind) {
      case 'unsent':
        return this.#send();
      case 'challenged':
        return this.#answerChallenge(step.sent);
      case 'refused':
        return this.#explain(step.sent);
      case 'anonymous':
      default:
        return this.#sendAnonymously(step);
    }
  }

  async #send(): Promise<State> {
    const { authenticator, send } = this.#options;
    let authorization: string | undefined;
    try {
      authorization = await authenticator.header(this.#request.scopes, { tokenScopes: this.#tokenScopes });
    } catch (error) {
      // A token service may refuse scopes that the registry does not name.
      if (isRefusedScope(error) && (this.#tryOtherScopes() || this.#unlearnScopes()))
        return { kind: 'unsent' };
      // The challenge may have come from something between the client and the registry.
      authenticator.forgetChallenge();
      throw error;
    }
    return this.#judge({ authorization, response: await send(this.#request, authorization) });
  }

  #judge(sent: Sent): State {
    const { response } = sent;
    if (response.status === 401 && this.#isOwn(response)) return { kind: 'challenged', sent };
    const isExpected = this.#request.expect.includes(response.status);
    return isExpected ? { kind: 'accepted', response } : { kind: 'refused', sent };
  }

  /** False for the response of a host that the registry redirected to: it says nothing about authentication at the registry. */
  #isOwn({ url }: RegistryResponse): boolean {
    return url.origin === this.#options.baseUrl.origin;
  }

  async #answerChallenge(sent: Sent): Promise<State> {
    const { authenticator } = this.#options;
    const { scopes, repeatable } = this.#request;
    const wwwAuthenticate = await this.#challengeOf(sent.response);
    const refused = sent.authorization;
    const unauthorized = { wwwAuthenticate, scopes, tokenScopes: this.#tokenScopes, refused };
    this.#isSuspicious ||= authenticator.isSuspicious401(unauthorized);
    const isAnswerable = authenticator.acceptChallenge(unauthorized);
    this.#noteOtherScopes(sent.response);
    // A body that can't be sent twice: the caller's next attempt starts with the other scopes.
    const [next] = repeatable === false ? (this.#otherScopes ?? []) : [];
    if (next) authenticator.useTokenScopes(scopes, next);
    if (!isAnswerable || repeatable === false) return { kind: 'refused', sent };
    // A token service may have granted less than the wider scopes that were requested.
    if (this.#isRenewed && !this.#tryOtherScopes() && !this.#unlearnScopes())
      return { kind: 'refused', sent };
    this.#isRenewed = true;
    await sent.response.body.dump();
    return { kind: 'unsent' };
  }

  /** Google may leave the challenge out of a 401; `/v2/` has it then. */
  async #challengeOf(response: RegistryResponse): Promise<string | undefined> {
    const own = listHeaderOf(response.headers, 'www-authenticate');
    if (own !== undefined || this.#options.authenticator.hasChallenge) return own;
    return this.#options.baseChallenge();
  }

  /** Only the response to this very request says which scopes it needs. */
  #noteOtherScopes({ headers }: RegistryResponse): void {
    const own = listHeaderOf(headers, 'www-authenticate');
    const challenge = own === undefined ? undefined : parseChallenge(own);
    if (challenge?.scheme !== 'bearer' || challenge.scopes.length === 0) return;
    this.#otherScopes ??= otherScopes(this.#tokenScopes, challenge.scopes);
  }

  /** True when there are scopes left to try. */
  #tryOtherScopes(): boolean {
    const next = this.#otherScopes?.shift();
    if (next) this.#tokenScopes = next;
    return next !== undefined;
  }

  /** True while the token is one for more than the request needs. Only requests to read have such tokens, and can be repeated. */
  #isWider(): boolean {
    return this.#isLearned && coversScopes(this.#tokenScopes, this.#request.scopes);
  }

  /** True when scopes that were learned before are given up for the request's own. */
  #unlearnScopes(): boolean {
    if (!this.#isLearned) return false;
    this.#isLearned = false;
    this.#tokenScopes = this.#request.scopes;
    this.#options.authenticator.useTokenScopes(this.#request.scopes, this.#tokenScopes);
    return true;
  }

  async #explain({ response, authorization }: Sent): Promise<State> {
    const { authenticator, errorOf } = this.#options;
    if (await this.#renewCredential(response, authorization)) {
      if (this.#request.repeatable !== false) {
        await response.body.dump();
        return { kind: 'unsent' };
      }
      // The caller can send the request anew, and the credential was only out of date.
      this.#isSuspicious = true;
    }
    if (response.status === 403 && this.#isWider() && this.#isOwn(response) && this.#unlearnScopes()) {
      await response.body.dump();
      return { kind: 'unsent' };
    }
    const refusal = await errorOf(this.#request, response, this.#isSuspicious);
    const mayUseAnonymous =
      isAccessDenied(refusal) &&
      this.#isOwn(response) &&
      (await authenticator.mayUseAnonymous(this.#request.scopes));
    return mayUseAnonymous
      ? { kind: 'anonymous', refusal, refused: authorization }
      : { kind: 'failed', error: refusal };
  }

  /** True when the registry refused a credential that may have expired, and there is another one now. */
  async #renewCredential(response: RegistryResponse, authorization: string | undefined): Promise<boolean> {
    const isDenied = response.status === 401 || response.status === 403;
    if (this.#isCredentialRenewed || !isDenied || !this.#isOwn(response)) return false;
    this.#isCredentialRenewed = true;
    return this.#options.authenticator.renewRefused(this.#request.scopes, authorization);
  }

  /** If anonymous access fails too, the refusal of the credential is reported: it says more. */
  async #sendAnonymously({ refusal, refused }: Step & { kind: 'anonymous' }): Promise<State> {
    const { authenticator, send } = this.#options;
    const { scopes, expect } = this.#request;
    const anonymous = { anonymous: true, tokenScopes: this.#tokenScopes };
    const authorization = await authenticator.header(scopes, anonymous).catch(() => refused);
    if (authorization === refused) return { kind: 'failed', error: refusal };
    const response = await send(this.#request, authorization);
    if (expect.includes(response.status)) {
      authenticator.useAnonymous(scopes);
      return { kind: 'accepted', response };
    }
    await response.body.dump();
    return { kind: 'failed', error: refusal };
  }
}

/** True when a token service refuses the request itself, and may accept one for other scopes. */
function isRefusedScope(error: unknown): boolean {
  return isAccessDenied(error) || (error instanceof RegistryError && error.status === 400);
}

import type { Authenticator, Unauthorized } from '../auth/authenticator.ts';
import { type RegistryError, isAccessDenied } from '../errors.ts';
import { type RegistryRequest, type RegistryResponse, listHeaderOf } from './message.ts';

/** What an authenticated request needs of its transport. */
export interface AuthenticatedRequestOptions {
  readonly authenticator: Authenticator;
  /** Sends the request once, with its redirects. */
  readonly send: (authorization: string | undefined) => Promise<RegistryResponse>;
  /** The `WWW-Authenticate` of the registry's base endpoint, `/v2/`. */
  readonly baseChallenge: () => Promise<string | undefined>;
  /** Reads a response that the request does not expect. */
  readonly errorOf: (response: RegistryResponse, isAmbiguous: boolean) => Promise<RegistryError>;
}

/**
 * Where one request stands:
 *
 *     unsent ──▶ sent ──expected──▶ accepted
 *      ▲          │ │
 *      │      401 │ └──else──▶ refused ──fallback credential──▶ anonymous ──expected──▶ accepted
 *      │          ▼              ▲ │                               │
 *      └── challenged ──second───┘ └──────────▶ failed ◀───────────┘
 */
type State = Step | End;

type Step =
  /** To be sent with what the registry is known to demand. */
  | { readonly kind: 'unsent' }
  | { readonly kind: 'sent'; readonly sent: Sent }
  /** Answered with a 401: the challenge may be new, or the token expired. */
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
  /** True once a challenge was answered: the second 401 is a refusal. */
  #isRenewed = false;
  /** True when a 401 probably says nothing about the credentials. */
  #isSuspicious = false;

  constructor(request: RegistryRequest, options: AuthenticatedRequestOptions) {
    this.#request = request;
    this.#options = options;
  }

  /**
   * The response of the registry, with a status that the request expects.
   *
   * @throws RegistryError when the request is refused
   */
  async run(): Promise<RegistryResponse> {
    let state: State = { kind: 'unsent' };
    while (state.kind !== 'accepted') {
      if (state.kind === 'failed') throw state.error;
      state = await this.#next(state);
    }
    this.#options.authenticator.markAuthorized(this.#request.scopes);
    return state.response;
  }

  async #next(step: Step): Promise<State> {
    switch (step.kind) {
      case 'unsent':
        return this.#send();
      case 'sent':
        return this.#judge(step.sent);
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
      authorization = await authenticator.header(this.#request.scopes);
    } catch (error) {
      // The challenge may have come from something between the client and the registry.
      authenticator.forgetChallenge();
      throw error;
    }
    return { kind: 'sent', sent: { authorization, response: await send(authorization) } };
  }

  #judge(sent: Sent): State {
    const { response } = sent;
    if (response.status === 401) return { kind: 'challenged', sent };
    const isExpected = this.#request.expect.includes(response.status);
    return isExpected ? { kind: 'accepted', response } : { kind: 'refused', sent };
  }

  async #answerChallenge(sent: Sent): Promise<State> {
    const { authenticator } = this.#options;
    const { scopes, repeatable } = this.#request;
    const wwwAuthenticate = await this.#challengeOf(sent.response);
    const unauthorized: Unauthorized = { wwwAuthenticate, scopes, refused: sent.authorization };
    this.#isSuspicious ||= authenticator.isSuspicious401(unauthorized);
    const isAnswerable = authenticator.acceptChallenge(unauthorized);
    if (this.#isRenewed || !isAnswerable || repeatable === false) return { kind: 'refused', sent };
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

  async #explain({ response, authorization }: Sent): Promise<State> {
    const { authenticator, errorOf } = this.#options;
    const refusal = await errorOf(response, this.#isSuspicious);
    const mayUseAnonymous =
      isAccessDenied(refusal) && (await authenticator.mayUseAnonymous(this.#request.scopes));
    return mayUseAnonymous
      ? { kind: 'anonymous', refusal, refused: authorization }
      : { kind: 'failed', error: refusal };
  }

  /** If anonymous access fails too, the refusal of the credential is reported: it says more. */
  async #sendAnonymously({ refusal, refused }: Step & { kind: 'anonymous' }): Promise<State> {
    const { authenticator, send } = this.#options;
    const { scopes, expect } = this.#request;
    const authorization = await authenticator.header(scopes, true).catch(() => refused);
    if (authorization === refused) return { kind: 'failed', error: refusal };
    const response = await send(authorization);
    if (expect.includes(response.status)) {
      authenticator.useAnonymous(scopes);
      return { kind: 'accepted', response };
    }
    await response.body.dump();
    return { kind: 'failed', error: refusal };
  }
}

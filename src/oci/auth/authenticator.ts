import { isAccessDenied } from '../errors.ts';
import { type BearerChallenge, type Challenge, parseChallenge } from './challenge.ts';
import type { Credential } from './credentials.ts';
import { type Token, TokenCache } from './token-cache.ts';
import { TokenService, type TokenServiceOptions } from './token-service.ts';

/** Stands for all scopes. */
const ANY_SCOPE = '*';

export interface AuthenticatorOptions extends TokenServiceOptions {
  /** @param repository absent: for the registry as a whole */
  readonly credential: (repository?: string) => Promise<Credential | undefined>;
  /** Looks up again what was refused, because credentials expire; true when there is another credential now. */
  readonly renewCredential?:
    ((refused: Credential, repository: string | undefined) => Promise<boolean>) | undefined;
}

export interface HeaderOptions {
  readonly anonymous?: boolean;
  readonly tokenScopes?: readonly string[];
}

/** A 401, and the request that it answers. */
export interface Unauthorized {
  /** All of its challenges; undefined when it has none. */
  readonly wwwAuthenticate: string | undefined;
  readonly scopes: readonly string[];
  /** The scopes of the token that was sent, if they differ from `scopes`. */
  readonly tokenScopes?: readonly string[];
  /** The `Authorization` that was sent. */
  readonly refused: string | undefined;
}

/**
 * What is known of authentication at one registry: its challenge, a token for each set of scopes, and which scopes it has
 * accepted. It sends nothing to the registry itself: `http/authenticated-request.ts` does, step by step.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #service: TokenService;
  readonly #tokens: TokenCache;
  /** Scopes of requests that were accepted. Where there are no tokens, one stands for all. */
  readonly #authorized = new Set<string>();
  /** Scopes for which the fallback credential was refused, and anonymous requests are accepted. */
  readonly #anonymous = new Set<string>();
  /** The scopes that tokens are requested with instead, where the registry's challenge named others and accepted them. */
  readonly #tokenScopes = new Map<string, readonly string[]>();
  #challenge: Challenge | undefined;
  /** The last challenge, forgotten or not. */
  #lastChallenge: Challenge | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#service = new TokenService(options);
    this.#tokens = new TokenCache(options.clock);
  }

  /**
   * The `Authorization` value for `scopes` (`repository:<name>:pull`); undefined as long as the registry has sent no
   * challenge, and for a Basic challenge without a credential.
   *
   * @param anonymous true for access without the credential. Default: whatever the registry accepted before
   * @param tokenScopes the scopes to request a token with. Default: those that the registry accepted before, or `scopes`
   * @throws RegistryError when the token service refuses or can't be reached
   */
  async header(
    scopes: readonly string[],
    {
      anonymous = this.#anonymous.has(keyOf(scopes)),
      tokenScopes = this.tokenScopesOf(scopes),
    }: HeaderOptions = {},
  ): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    if (challenge.scheme === 'basic') {
      const credential = anonymous ? undefined : await this.#credential(scopes);
      return credential && this.#service.basic(credential);
    }
    return this.#tokens.get(tokenKey(tokenScopes, anonymous), async () =>
      anonymous
        ? this.#service.requestToken(challenge, tokenScopes, undefined)
        : this.#requestToken(challenge, scopes, tokenScopes),
    );
  }

  get hasChallenge(): boolean {
    return this.#challenge !== undefined;
  }

  /**
   * Adopts the challenge of a 401, and drops the token that it refused.
   *
   * @returns true when the same request with a new `header` may be accepted
   */
  acceptChallenge({ wwwAuthenticate, scopes, tokenScopes = scopes, refused }: Unauthorized): boolean {
    const challenge = wwwAuthenticate === undefined ? this.#challenge : parseChallenge(wwwAuthenticate);
    if (!challenge) return false;
    this.#challenge = this.#lastChallenge = challenge;
    if (challenge.scheme === 'basic') return refused === undefined;
    if (refused !== undefined) {
      for (const anonymous of [false, true]) this.#tokens.drop(tokenKey(tokenScopes, anonymous), refused);
    }
    return true;
  }

  /**
   * The scopes that tokens for `scopes` are requested with. A token that the registry has accepted for a push of the same
   * repository allows pulls too: reading back what was pushed needs no token of its own.
   */
  tokenScopesOf(scopes: readonly string[]): readonly string[] {
    const key = keyOf(scopes);
    const known = this.#tokenScopes.get(key);
    if (known) return known;
    if (this.#challenge?.scheme !== 'bearer' || this.#authorized.has(key)) return scopes;
    const [scope = '', ...rest] = scopes;
    if (rest.length > 0 || !scope.endsWith(':pull')) return scopes;
    const wider = `${scope},push`;
    if (!this.#authorized.has(wider) || this.#anonymous.has(wider)) return scopes;
    return this.#tokenScopes.get(wider) ?? [wider];
  }

  /** From now on tokens for `scopes` are requested with `tokenScopes`. */
  useTokenScopes(scopes: readonly string[], tokenScopes: readonly string[]): void {
    this.#tokenScopes.set(keyOf(scopes), tokenScopes);
  }

  /** Forgets the challenge: the next request is sent without `Authorization`, and its 401 has the registry's own. */
  forgetChallenge(): void {
    this.#challenge = undefined;
  }

  /** Notes that a request for `scopes` was accepted. */
  markAuthorized(scopes: readonly string[]): void {
    this.#authorized.add(keyOf(scopes));
    if (this.#challenge?.scheme !== 'bearer') this.#authorized.add(ANY_SCOPE);
  }

  /** True when a request for the same scopes was accepted before. */
  isAuthorized(scopes: readonly string[]): boolean {
    return (
      this.#authorized.has(keyOf(scopes)) ||
      (this.#challenge?.scheme !== 'bearer' && this.#authorized.has(ANY_SCOPE))
    );
  }

  /**
   * True for a 401 that probably says nothing about the credentials. It has no challenge, or another one than the registry
   * sent before; or a request for the same scopes was accepted; or no token was sent although the registry uses tokens.
   */
  isSuspicious401({ wwwAuthenticate, scopes, refused }: Unauthorized): boolean {
    if (wwwAuthenticate === undefined || this.isAuthorized(scopes)) return true;
    const last = this.#lastChallenge;
    if (!last) return false;
    if (!isSameChallenge(last, parseChallenge(wwwAuthenticate))) return true;
    return last.scheme === 'bearer' && refused === undefined;
  }

  /** True when a refused request for `scopes` is worth a retry without the credential: it only reads, and the credential is a fallback. */
  async mayUseAnonymous(scopes: readonly string[]): Promise<boolean> {
    if (!scopes.every((scope) => scope.endsWith(':pull'))) return false;
    return (await this.#credential(scopes))?.fallback === true;
  }

  /** From now on requests for `scopes` are sent without the credential, which was refused where anonymous access was not. */
  useAnonymous(scopes: readonly string[]): void {
    this.#anonymous.add(keyOf(scopes));
  }

  /**
   * Renews the credential if the registry refused it itself, as Basic, and not a token service.
   *
   * @param refused the `Authorization` that was sent
   * @returns true when the same request with a new `header` may be accepted
   */
  async renewRefused(scopes: readonly string[], refused: string | undefined): Promise<boolean> {
    if (this.#challenge?.scheme !== 'basic' || refused === undefined) return false;
    const credential = await this.#credential(scopes);
    if (!credential) return false;
    return this.#service.basic(credential) !== refused || this.#renew(credential, scopes);
  }

  async #credential(scopes: readonly string[]): Promise<Credential | undefined> {
    return this.#options.credential(repositoryOf(scopes));
  }

  async #renew(refused: Credential, scopes: readonly string[]): Promise<boolean> {
    const { renewCredential } = this.#options;
    // A helper that fails now hides nothing: the refusal is reported.
    return (await renewCredential?.(refused, repositoryOf(scopes)).catch(() => false)) ?? false;
  }

  /** A token for the credential. Where a fallback credential is refused, an anonymous one. */
  async #requestToken(
    challenge: BearerChallenge,
    scopes: readonly string[],
    tokenScopes: readonly string[],
  ): Promise<Token> {
    const credential = await this.#credential(scopes);
    try {
      return await this.#service.requestToken(challenge, tokenScopes, credential);
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      if (credential && (await this.#renew(credential, scopes)))
        return this.#service.requestToken(challenge, tokenScopes, await this.#credential(scopes));
      if (!(await this.mayUseAnonymous(scopes))) throw error;
      const token = await this.#service
        .requestToken(challenge, tokenScopes, undefined)
        .catch(() => undefined);
      // The refusal of the credential says more than that of an anonymous request.
      if (!token) throw error;
      this.useAnonymous(scopes);
      this.#tokens.set(tokenKey(tokenScopes, true), token);
      return token;
    }
  }
}

/** True when both name the same scheme and the same token service. */
function isSameChallenge(last: Challenge, next: Challenge | undefined): boolean {
  if (last.scheme === 'basic' || next?.scheme !== 'bearer') return last.scheme === next?.scheme;
  return last.realm.href === next.realm.href;
}

/** The repository of the first scope; undefined for scopes of the registry as a whole. */
function repositoryOf([scope = '']: readonly string[]): string | undefined {
  return /^repository:(.+):[^:]*$/.exec(scope)?.[1];
}

function keyOf(scopes: readonly string[]): string {
  return scopes.join(' ');
}

function tokenKey(scopes: readonly string[], anonymous: boolean): string {
  return `${anonymous ? 'anonymous' : 'credential'} ${keyOf(scopes)}`;
}

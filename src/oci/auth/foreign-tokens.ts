import { type BearerChallenge, parseChallenge } from './challenge.ts';
import { TokenCache } from './token-cache.ts';
import { TokenService, type TokenServiceOptions } from './token-service.ts';

/** A 401 of another registry. */
export interface ForeignUnauthorized {
  /** The URL that answered. */
  readonly url: URL;
  readonly wwwAuthenticate: string | undefined;
  /** The scopes of the request at the registry that redirected. */
  readonly scopes: readonly string[];
}

/**
 * Anonymous tokens of other registries that a registry redirects to, such as ghcr.io's for lscr.io. Their challenges say
 * nothing about the registry that redirected, and its credentials are never sent to them.
 */
export class ForeignTokens {
  readonly #options: Omit<TokenServiceOptions, 'registry'>;
  readonly #tokens: TokenCache;
  /** By origin and scopes. */
  readonly #challenges = new Map<string, BearerChallenge>();

  constructor(options: Omit<TokenServiceOptions, 'registry'>) {
    this.#options = options;
    this.#tokens = new TokenCache(options.clock);
  }

  /**
   * The `Authorization` value for a request that was redirected to `url`; undefined unless that origin has demanded one.
   *
   * @throws RegistryError when the origin's token service refuses an anonymous token
   */
  async header(url: URL, scopes: readonly string[]): Promise<string | undefined> {
    const key = keyOf(url, scopes);
    const challenge = this.#challenges.get(key);
    if (!challenge) return undefined;
    const service = new TokenService({ ...this.#options, registry: new URL(url.origin) });
    // The other registry may know the repository by another name: its own scope comes first.
    const requested = challenge.scopes.length > 0 ? challenge.scopes : scopes;
    return this.#tokens.get(key, async () => service.requestToken(challenge, requested, undefined));
  }

  /**
   * Adopts the challenge of a 401, and drops the token that it refused.
   *
   * @returns true when the same request with a new `header` may be accepted
   */
  acceptChallenge(
    { url, wwwAuthenticate, scopes }: ForeignUnauthorized,
    refused: string | undefined,
  ): boolean {
    const challenge = wwwAuthenticate === undefined ? undefined : parseChallenge(wwwAuthenticate);
    if (challenge?.scheme !== 'bearer') return false;
    const key = keyOf(url, scopes);
    this.#challenges.set(key, challenge);
    if (refused !== undefined) this.#tokens.drop(key, refused);
    return true;
  }
}

function keyOf({ origin }: URL, scopes: readonly string[]): string {
  return [origin, ...scopes].join(' ');
}

import * as v from 'valibot';
import { RegistryError, redactUrl } from '../errors.ts';
import { whyNoCredentials, whyNotFollow } from '../http/redirect-policy.ts';
import type { BearerChallenge } from './challenge.ts';
import type { Credential } from './credentials.ts';
import type { Token } from './token-cache.ts';

/** A token is renewed this long before it expires, and one that only lives seconds after three quarters of its life. */
const RENEW_EARLY_MS = 5_000;
/** How long a token lives when the service does not say. https://distribution.github.io/distribution/spec/auth/token/ */
const DEFAULT_LIFETIME_SECONDS = 60;
/** How the action names itself to token services that exchange refresh tokens. */
const CLIENT_ID = 'gcrxio-sync-action';

/** Services send null for absent fields, and numbers as strings. */
const TokenAnswer = v.object({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
  expires_in: v.nullish(v.union([v.number(), v.string()])),
});

/** What a header can carry. https://www.rfc-editor.org/rfc/rfc6750#section-2.1 allows fewer characters, services use more. */
const SENDABLE = /^[!-~]+$/;

/** Sends one request to a token service and returns the body of its 200. Any other answer is thrown as RegistryError. */
export type SendTokenRequest = (request: {
  method: 'GET' | 'POST';
  url: URL;
  headers: Record<string, string>;
  body?: string;
  scopes: readonly string[];
}) => Promise<string>;

export interface TokenServiceOptions {
  /** The registry's base URL. */
  readonly registry: URL;
  /** Private hosts that the registry may name as token service. */
  readonly trustedHosts?: ReadonlySet<string>;
  readonly sendTokenRequest: SendTokenRequest;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Registers a secret with the log, before it is used. */
  readonly mask: (secret: string) => void;
}

/** Requests tokens from the token services that a registry's challenges name. */
export class TokenService {
  readonly #options: TokenServiceOptions;
  /** The last Basic value that was masked. */
  #masked: string | undefined;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
  }

  /**
   * Requests a token for `scopes`.
   *
   * @param credential undefined for an anonymous token
   * @throws RegistryError when the service refuses, answers without a token, or may not be asked
   */
  async requestToken(
    { realm, service }: BearerChallenge,
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Promise<Token> {
    const { registry, clock, mask, sendTokenRequest } = this.#options;
    this.#checkRealm(realm, credential);
    const params = new URLSearchParams(realm.searchParams);
    // An empty service is left out, as other clients do.
    if (service) params.set('service', service);
    for (const scope of scopes) params.append('scope', scope);
    const requestedAt = clock();
    const request = this.#tokenRequest(realm, params, scopes, credential);
    const body = await sendTokenRequest(request);
    const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), TokenAnswer), body);
    const token = answer.success ? answer.output.token || answer.output.access_token : undefined;
    if (!answer.success || !token || !SENDABLE.test(token)) {
      throw new RegistryError({
        method: request.method,
        url: realm,
        cause: `no token in the answer, for ${registry.host}`,
        ambiguous: true,
      });
    }
    mask(token);
    const lifetimeMs = lifetimeOf(answer.output.expires_in) * 1000;
    const renewAt = requestedAt + lifetimeMs - Math.min(RENEW_EARLY_MS, lifetimeMs / 4);
    return { header: `Bearer ${token}`, renewAt };
  }

  /** The `Authorization` value that sends `credential` itself. */
  basic({ username, password }: Credential): string {
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    // Masking writes to the log each time.
    if (encoded !== this.#masked) this.#options.mask(encoded);
    this.#masked = encoded;
    return `Basic ${encoded}`;
  }

  #tokenRequest(
    realm: URL,
    params: URLSearchParams,
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Parameters<SendTokenRequest>[0] {
    const url = new URL(realm);
    if (credential?.identityToken !== undefined) {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT_ID });
      const service = params.get('service');
      if (service !== null) form.set('service', service);
      form.set('scope', scopes.join(' '));
      form.set('refresh_token', credential.identityToken);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return { method: 'POST', url, headers, body: form.toString(), scopes };
    }
    url.search = params.toString();
    const headers = credential ? { authorization: this.basic(credential) } : undefined;
    return { method: 'GET', url, headers: headers ?? {}, scopes };
  }

  #checkRealm(realm: URL, credential: Credential | undefined): void {
    const { registry, trustedHosts } = this.#options;
    const refusal = (credential ? whyNoCredentials : whyNotFollow)(registry, realm, trustedHosts);
    if (refusal === undefined) return;
    throw new RegistryError({
      method: 'GET',
      url: realm,
      cause: `nothing was sent there. ${registry.host} names ${redactUrl(realm)} as its token service, which ${refusal}`,
    });
  }
}

/** Seconds. */
function lifetimeOf(expiresIn: number | string | null | undefined): number {
  const seconds = Number(expiresIn);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_LIFETIME_SECONDS;
}

import * as v from 'valibot';
import { RegistryError, isAccessDenied, redactUrl } from '../errors.ts';
import { mayFollow, mayHaveCredentials } from '../http/redirect-policy.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import type { Credential } from './credentials.ts';

/** A token is asked for again this long before it ends, in milliseconds. */
const RENEW_EARLY_MS = 5_000;
/** Tokens of a few kilobytes each. */
const MAX_TOKENS = 1000;
/** Stands for all scopes. */
const ANY = '*';
/** Seconds a token lives when the service does not say. https://distribution.github.io/distribution/spec/auth/token/ */
const DEFAULT_LIFETIME_SECONDS = 60;

/** Services send null for what they leave out, and numbers as strings. */
const TokenAnswer = v.object({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
  expires_in: v.nullish(v.union([v.number(), v.string()])),
});

/** What a header can carry. https://www.rfc-editor.org/rfc/rfc6750#section-2.1 has fewer signs, services have more. */
const SENDABLE = /^[!-~]+$/;

/** Sends one request to a token service and gives the body of its 200; throws RegistryError for the rest. */
export type SendTokenRequest = (request: {
  method: 'GET' | 'POST';
  url: URL;
  headers: Record<string, string>;
  body?: string;
  scopes: readonly string[];
}) => Promise<string>;

type BearerChallenge = Challenge & { scheme: 'bearer' };

interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/** A token that was asked for, and the token once it came. */
interface Slot {
  readonly coming: Promise<Token>;
  token?: Token;
}

export interface AuthenticatorOptions {
  /** The registry's base URL: credentials go there, and to token services that belong to it. */
  readonly registry: URL;
  readonly credential: () => Promise<Credential | undefined>;
  readonly sendTokenRequest: SendTokenRequest;
  readonly clock: () => number;
  /** Registers a secret with the log, before it is used. */
  readonly mask: (secret: string) => void;
}

/** Keeps what authenticates to one registry: its challenge once known, and a token for each set of scopes. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #slots = new Map<string, Slot>();
  /** Scopes that requests were let through with. Where there are no tokens, one stands for all. */
  readonly #admitted = new Set<string>();
  /** Scopes for which an implicit credential was refused, and that are had without it. */
  readonly #without = new Set<string>();
  #challenge: Challenge | undefined;
  /** The challenge before it was forgotten, if it was. */
  #last: Challenge | undefined;
  /** The last Basic value that was masked. */
  #masked: string | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The `Authorization` value for `scopes` (`repository:<name>:pull`); undefined while the registry has not
   * asked for one, or asks for Basic and there is no credential.
   *
   * @param anonymous true for what anybody is given; left out, it goes by what the registry took before
   */
  async header(
    scopes: readonly string[],
    anonymous = this.#without.has(keyOf(scopes)),
  ): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    if (challenge.scheme === 'basic') {
      const credential = anonymous ? undefined : await this.#options.credential();
      return credential && this.#basic(credential);
    }
    const key = slotOf(scopes, anonymous);
    const known = this.#slots.get(key);
    if (known) {
      const { header, renewAt } = await known.coming;
      if (renewAt > this.#options.clock()) return header;
      if (this.#slots.get(key) !== known) return this.header(scopes, anonymous);
    }
    const slot: Slot = { coming: this.#requestToken(challenge, scopes, anonymous) };
    this.#slots.set(key, slot);
    slot.coming.then(
      (token) => (slot.token = token),
      () => this.#slots.delete(key),
    );
    this.#dropOldest();
    return (await slot.coming).header;
  }

  /** True when a refused request for `scopes` is worth a try without the credential, which nobody gave for this registry. */
  async mayGoWithout(scopes: readonly string[]): Promise<boolean> {
    if (!scopes.every((scope) => scope.endsWith(':pull'))) return false;
    return (await this.#options.credential())?.fallback === true;
  }

  /** Takes in that `scopes` are had without the credential, and not with it. */
  goWithout(scopes: readonly string[]): void {
    this.#without.add(keyOf(scopes));
  }

  /**
   * Takes in the challenge of a 401.
   *
   * @param refused the `Authorization` that was sent with the refused request
   * @returns true when another try with `header` can end differently
   */
  learn(
    wwwAuthenticate: string | undefined,
    scopes: readonly string[],
    refused: string | undefined,
  ): boolean {
    const challenge = wwwAuthenticate === undefined ? this.#challenge : parseChallenge(wwwAuthenticate);
    if (!challenge) return false;
    this.#challenge = this.#last = challenge;
    if (challenge.scheme === 'basic') return refused === undefined;
    // The refusal of an old token may come late, when a new one is there or on its way.
    for (const key of [slotOf(scopes, false), slotOf(scopes, true)]) {
      if (refused !== undefined && this.#slots.get(key)?.token?.header === refused) this.#slots.delete(key);
    }
    return true;
  }

  /** Forgets the challenge: the next 401 tells what the registry asks for. */
  forget(): void {
    this.#challenge = undefined;
  }

  get hasChallenge(): boolean {
    return this.#challenge !== undefined;
  }

  /** Notes that a request for `scopes` was let through. */
  admit(scopes: readonly string[]): void {
    this.#admitted.add(keyOf(scopes));
    if (this.#challenge?.scheme !== 'bearer') this.#admitted.add(ANY);
  }

  /**
   * True for a 401 that is likely no judgement of the credentials: it has no challenge, or another one than the registry had
   * before, or requests like it were let through, or this one had no token where there are some.
   *
   * @param refused the `Authorization` that was sent
   */
  doubts(
    wwwAuthenticate: string | undefined,
    scopes: readonly string[],
    refused: string | undefined,
  ): boolean {
    if (wwwAuthenticate === undefined || this.isAdmitted(scopes)) return true;
    if (!this.#last) return false;
    const { scheme } = this.#last;
    return (
      parseChallenge(wwwAuthenticate)?.scheme !== scheme || (scheme === 'bearer' && refused === undefined)
    );
  }

  /** True when requests like it were let through before. */
  isAdmitted(scopes: readonly string[]): boolean {
    return (
      this.#admitted.has(keyOf(scopes)) || (this.#challenge?.scheme !== 'bearer' && this.#admitted.has(ANY))
    );
  }

  /** The oldest tokens go: a run may visit more repositories than are worth keeping one for. */
  #dropOldest(): void {
    for (const [key, { token }] of this.#slots) {
      if (this.#slots.size <= MAX_TOKENS) return;
      if (token) this.#slots.delete(key);
    }
  }

  async #requestToken(
    challenge: BearerChallenge,
    scopes: readonly string[],
    anonymous: boolean,
  ): Promise<Token> {
    const credential = anonymous ? undefined : await this.#options.credential();
    try {
      return await this.#exchange(challenge, scopes, credential);
    } catch (error) {
      if (!isAccessDenied(error) || anonymous || !(await this.mayGoWithout(scopes))) throw error;
      const token = await this.#exchange(challenge, scopes, undefined).catch(() => undefined);
      // The refusal of the credential says more than that of nobody.
      if (!token) throw error;
      this.goWithout(scopes);
      this.#slots.set(slotOf(scopes, true), { coming: Promise.resolve(token), token });
      return token;
    }
  }

  async #exchange(
    { realm, service }: BearerChallenge,
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Promise<Token> {
    const { registry, clock, mask, sendTokenRequest } = this.#options;
    this.#checkRealm(realm, credential);
    const params = new URLSearchParams(realm.searchParams);
    if (service !== undefined) params.set('service', service);
    for (const scope of scopes) params.append('scope', scope);
    const asked = clock();
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
    const lifetime = (Number(answer.output.expires_in) || DEFAULT_LIFETIME_SECONDS) * 1000;
    return { header: `Bearer ${token}`, renewAt: asked + lifetime - RENEW_EARLY_MS };
  }

  #tokenRequest(
    realm: URL,
    params: URLSearchParams,
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Parameters<SendTokenRequest>[0] {
    const url = new URL(realm);
    if (credential?.identityToken !== undefined) {
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'gcrxio-sync-action' });
      const service = params.get('service');
      if (service !== null) form.set('service', service);
      form.set('scope', scopes.join(' '));
      form.set('refresh_token', credential.identityToken);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return { method: 'POST', url, headers, body: form.toString(), scopes };
    }
    url.search = params.toString();
    const headers = credential ? { authorization: this.#basic(credential) } : undefined;
    return { method: 'GET', url, headers: headers ?? {}, scopes };
  }

  #basic({ username, password }: Credential): string {
    const encoded = Buffer.from(`${username}:${password}`).toString('base64');
    // The log gets a line for each.
    if (encoded !== this.#masked) this.#options.mask(encoded);
    this.#masked = encoded;
    return `Basic ${encoded}`;
  }

  #checkRealm(realm: URL, credential: Credential | undefined): void {
    const { registry } = this.#options;
    const allowed = credential ? mayHaveCredentials(registry, realm) : mayFollow(registry, realm);
    if (allowed) return;
    throw new RegistryError({
      method: 'GET',
      url: realm,
      cause:
        `${registry.host} names ${redactUrl(realm)} as its token service, which does not belong to it; ` +
        'nothing was sent there',
    });
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.join(' ');
}

function slotOf(scopes: readonly string[], anonymous: boolean): string {
  return `${anonymous ? 'anonymous' : 'known'} ${keyOf(scopes)}`;
}

import type { Credential, CredentialLookup } from './credentials.ts';

/** A credential that is refused sooner than this after it was looked up is wrong, and not expired. */
const SHORTEST_LIFE_MS = 60_000;

/**
 * The credentials of one registry. Credential helpers hand out passwords that live an hour or less, and `docker login` may
 * have replaced an expired one: after a refusal they are looked up again, at most once a minute.
 */
export class RenewableCredential {
  readonly #registry: string;
  readonly #lookup: CredentialLookup;
  readonly #clock: () => number;
  /** By repository: accounts may be for a part of a registry. */
  readonly #credentials = new Map<string, ReturnType<CredentialLookup>>();
  #lookedUpAt = Number.NEGATIVE_INFINITY;
  #renewal: Promise<void> | undefined;

  /** @param clock milliseconds since the epoch */
  constructor(registry: string, lookup: CredentialLookup, clock: () => number) {
    this.#registry = registry;
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /**
   * The credential for a repository; undefined means anonymous.
   *
   * @param repository absent: for the registry as a whole
   */
  async get(repository?: string): Promise<Credential | undefined> {
    const key = repository ?? '';
    const known = this.#credentials.get(key);
    if (known) return known;
    if (this.#credentials.size === 0) this.#lookedUpAt = this.#clock();
    const found = this.#lookup(this.#registry, repository === undefined ? {} : { repository });
    this.#credentials.set(key, found);
    return found;
  }

  /**
   * Looks the credentials up again after one was refused, unless that was done within the last minute. Requests that were
   * refused at the same time share one lookup.
   *
   * @returns true when the credential is another one now
   */
  async renew(refused: Credential, repository?: string): Promise<boolean> {
    if (!isSame(await this.get(repository), refused)) return true;
    if (!this.#renewal && this.#clock() - this.#lookedUpAt < SHORTEST_LIFE_MS) return false;
    this.#renewal ??= this.#refresh(repository).finally(() => (this.#renewal = undefined));
    await this.#renewal;
    return !isSame(await this.get(repository), refused);
  }

  async #refresh(repository: string | undefined): Promise<void> {
    this.#lookedUpAt = this.#clock();
    const options = { refresh: true, ...(repository !== undefined && { repository }) };
    const found = await this.#lookup(this.#registry, options);
    this.#credentials.clear();
    this.#credentials.set(repository ?? '', Promise.resolve(found));
  }
}

function isSame(one: Credential | undefined, other: Credential): boolean {
  return (
    one?.username === other.username &&
    one.password === other.password &&
    one.identityToken === other.identityToken
  );
}

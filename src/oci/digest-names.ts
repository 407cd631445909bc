import type { Digest } from './digest.ts';

/** Entries of some 200 bytes each. */
const MAX_ENTRIES = 50_000;

/**
 * A tag for each digest that a registry has reported. Some give a manifest by its tag and not by its digest (Nexus,
 * nixery): there the tag is read instead, and its content is verified by the digest.
 */
export class DigestNames {
  readonly #tags = new Map<string, string>();

  note(repository: string, digest: Digest, tag: string): void {
    if (this.#tags.size < MAX_ENTRIES) this.#tags.set(`${repository}@${digest}`, tag);
  }

  tagOf(repository: string, digest: Digest): string | undefined {
    return this.#tags.get(`${repository}@${digest}`);
  }
}

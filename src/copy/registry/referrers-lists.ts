import { CopyError } from '../../mirror/copy-error.ts';
import { SerialQueue } from '../../oci/async.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { referrersTag } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { listEntries } from '../../oci/referrers-list.ts';

/** Registries need not take a larger manifest. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
export const MAX_LIST_BYTES = 4 * 1024 ** 2;
/** How often a list is written when another client writes it at the same time. */
const MAX_WRITES = 5;

/**
 * The list of the referrers of `subject` that `repository` keeps under its tag; undefined when there is none, or the tag names
 * something else.
 */
export async function fetchList(
  client: RegistryClient,
  repository: string,
  subject: Digest,
): Promise<RawManifest | undefined> {
  const manifest = await client.getManifest(repository, referrersTag(subject));
  // GitLab treats the tag as the digest that it resembles, and returns the subject itself.
  return manifest && manifest.digest !== subject && listEntries(manifest) ? manifest : undefined;
}

/** The referrers lists that one target keeps under tags. */
export class ReferrersLists {
  readonly #client: RegistryClient;
  /** Changes of one list run one after another. */
  readonly #changes = new SerialQueue();
  /** Referrers that were counted, by `repository@digest`. */
  readonly #counted = new Set<string>();

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /**
   * Changes the list of the referrers of `subject` and reads it back. When another client has written the list meanwhile, the
   * change is applied to that list again. Changes of one list run one after another.
   *
   * @param change returns the new list; the list that it received when nothing is to be written
   * @throws CopyError when the tag names something else, or the list can't be written
   */
  async change(
    repository: string,
    subject: Digest,
    change: (list: RawManifest | undefined) => RawManifest,
  ): Promise<RawManifest> {
    return this.#changes.run(`${repository}@${subject}`, async () =>
      this.#change(repository, subject, change),
    );
  }

  /** How many of `referrers` were not counted before: one may be found through its subject and in a list under a tag. */
  countNew(repository: string, referrers: readonly { readonly digest: Digest }[]): number {
    const before = this.#counted.size;
    for (const { digest } of referrers) this.#counted.add(`${repository}@${digest}`);
    return this.#counted.size - before;
  }

  async #change(
    repository: string,
    subject: Digest,
    change: (list: RawManifest | undefined) => RawManifest,
  ): Promise<RawManifest> {
    const tag = referrersTag(subject);
    for (let writes = 0; writes < MAX_WRITES; writes += 1) {
      const list = await this.#read(repository, subject);
      const changed = change(list);
      if (changed.digest === list?.digest) return changed;
      if (changed.bytes.length > MAX_LIST_BYTES) {
        throw this.#problem(repository, tag, `would be larger than ${MAX_LIST_BYTES / 1024 ** 2} MiB`, false);
      }
      await this.#client.putManifest(repository, tag, changed);
      const head = await this.#client.headManifest(repository, tag);
      if (head?.digest === changed.digest) return changed;
    }
    throw this.#problem(repository, tag, 'changes after each write: another client writes it too', true);
  }

  async #read(repository: string, subject: Digest): Promise<RawManifest | undefined> {
    const tag = referrersTag(subject);
    const manifest = await this.#client.getManifest(repository, tag);
    if (!manifest) return undefined;
    if (manifest.digest === subject) {
      throw this.#problem(repository, tag, "can't exist: the registry treats its tag as a digest", false);
    }
    if (!listEntries(manifest))
      throw this.#problem(repository, tag, 'is another manifest, which was not changed', false);
    return manifest;
  }

  #problem(repository: string, tag: string, what: string, retryable: boolean): CopyError {
    const name = `${this.#client.registry}/${repository}:${tag}`;
    return new CopyError(`${name}, the list of an image's referrers, ${what}`, { retryable });
  }
}

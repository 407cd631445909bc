import { CopyError } from '../../mirror/copy-error.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { referrersTag } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { listEntries } from '../../oci/referrers-list.ts';

/** Registries need take no larger manifest. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
export const MAX_LIST_BYTES = 4 * 1024 ** 2;
/** How often a list is written again when somebody else writes it at the same time. */
const MAX_TRIES = 5;

/**
 * The list of what refers to `subject` that `repository` keeps under its tag; undefined when there is none, or
 * something else.
 */
export async function fetchList(
  client: RegistryClient,
  repository: string,
  subject: Digest,
): Promise<RawManifest | undefined> {
  const manifest = await client.getManifest(repository, referrersTag(subject));
  // GitLab takes the tag for the digest that it looks like, and gives the subject itself.
  return manifest && manifest.digest !== subject && listEntries(manifest) ? manifest : undefined;
}

/** The lists of referrers that one target keeps under tags. */
export class ReferrersLists {
  readonly #client: RegistryClient;
  /** Changes under way, by `repository@subject`. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Referrers that were counted, by `repository@digest`. */
  readonly #counted = new Set<string>();

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /**
   * Changes the list of what refers to `subject`, one change at a time, and reads it back: another client may have
   * written its own meanwhile, to which the change is made again then.
   *
   * @param change what the list is to be, from what it is; the same when nothing is to be written
   * @throws CopyError when there is something else under the tag, or the list can't be written
   */
  async change(
    repository: string,
    subject: Digest,
    change: (list: RawManifest | undefined) => RawManifest,
  ): Promise<RawManifest> {
    const key = `${repository}@${subject}`;
    const before = this.#changes.get(key) ?? Promise.resolve();
    const changing = before.then(async () => this.#change(repository, subject, change));
    const settled = changing.catch(() => undefined);
    this.#changes.set(key, settled);
    try {
      return await changing;
    } finally {
      if (this.#changes.get(key) === settled) this.#changes.delete(key);
    }
  }

  /** How many of `referrers` were not counted before: one may be found both by its subject and in a list under a tag. */
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
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
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
    throw this.#problem(
      repository,
      tag,
      'does not stay as it is written: something else writes it too',
      true,
    );
  }

  async #read(repository: string, subject: Digest): Promise<RawManifest | undefined> {
    const tag = referrersTag(subject);
    const manifest = await this.#client.getManifest(repository, tag);
    if (!manifest) return undefined;
    if (manifest.digest === subject) {
      throw this.#problem(repository, tag, "can't be: the registry takes its tag for a digest", false);
    }
    if (!listEntries(manifest))
      throw this.#problem(repository, tag, 'is something else, and was left as it is', false);
    return manifest;
  }

  #problem(repository: string, tag: string, what: string, retryable: boolean): CopyError {
    const name = `${this.#client.registry}/${repository}:${tag}`;
    return new CopyError(`${name}, the list of what refers to an image, ${what}`, { retryable });
  }
}

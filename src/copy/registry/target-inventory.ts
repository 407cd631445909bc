import type { Digest } from '../../oci/digest.ts';
import type { BlobLocation } from './blob-locations.ts';

/**
 * What one target registry is known to hold: which repository has which blob and manifest. It only ever saves
 * requests: what it says wrongly is found out when a manifest is refused, and then forgotten.
 */
export class TargetInventory {
  readonly #blobs = new Map<Digest, Set<string>>();
  readonly #manifests = new Set<string>();
  #changed = false;

  /** @param locations what earlier runs knew */
  constructor(locations: readonly BlobLocation[] = []) {
    for (const [digest, repository] of locations) this.noteBlob(repository, digest);
    this.#changed = false;
  }

  /** True when blobs were noted or forgotten since it was made. */
  get changed(): boolean {
    return this.#changed;
  }

  /** All that is known of blobs, for the next run. */
  holders(): BlobLocation[] {
    return Array.from(this.#blobs).flatMap(([digest, repositories]) =>
      Array.from(repositories, (repository): BlobLocation => [digest, repository]),
    );
  }

  noteBlob(repository: string, digest: Digest): void {
    this.#changed = true;
    const repositories = this.#blobs.get(digest);
    if (repositories) repositories.add(repository);
    else this.#blobs.set(digest, new Set([repository]));
  }

  /** `repository` itself when it has the blob, else another that has it. */
  repositoryWith(digest: Digest, repository: string): string | undefined {
    const repositories = this.#blobs.get(digest);
    if (!repositories || repositories.has(repository)) return repositories && repository;
    for (const other of repositories) return other;
    return undefined;
  }

  forgetBlob(repository: string, digest: Digest): void {
    this.#changed = true;
    this.#blobs.get(digest)?.delete(repository);
  }

  noteManifest(repository: string, digest: Digest): void {
    this.#manifests.add(`${repository}@${digest}`);
  }

  hasManifest(repository: string, digest: Digest): boolean {
    return this.#manifests.has(`${repository}@${digest}`);
  }

  forgetManifest(repository: string, digest: Digest): void {
    this.#manifests.delete(`${repository}@${digest}`);
  }
}

import type { Digest } from '../../oci/digest.ts';
import type { BlobLocation } from './blob-locations.ts';

/**
 * What one target registry is known to hold: which repository has which blob and manifest. It only saves requests. A wrong entry
 * is discovered when the target refuses a manifest, and is then removed.
 */
export class TargetInventory {
  readonly #blobs = new Map<Digest, Set<string>>();
  readonly #manifests = new Set<string>();
  #changed = false;

  /** @param locations blob locations from earlier runs */
  constructor(locations: readonly BlobLocation[] = []) {
    for (const [digest, repository] of locations) this.noteBlob(repository, digest);
    this.#changed = false;
  }

  /** True when blobs were added or removed after construction. */
  get changed(): boolean {
    return this.#changed;
  }

  /** All known blob locations, for the next run. */
  locations(): BlobLocation[] {
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

  /** A repository that has the blob: `repository` itself when it has it, otherwise any other. */
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

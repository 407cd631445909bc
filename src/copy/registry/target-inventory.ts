import type { Digest } from '../../oci/digest.ts';
import type { BlobLocation } from './blob-locations.ts';

/**
 * What one target registry is known to hold: which repository has which blob and manifest. Blob locations from earlier runs may be
 * out of date: they are confirmed once this run has sent, mounted or checked the blob.
 */
export class TargetInventory {
  readonly #blobs = new Map<Digest, Set<string>>();
  /** Confirmed blobs, by `repository@digest`. */
  readonly #confirmed = new Set<string>();
  /** Manifests that are stored with all their parts, by `repository@digest`. */
  readonly #manifests = new Set<string>();
  #changed = false;

  /** @param locations blob locations from earlier runs */
  constructor(locations: readonly BlobLocation[] = []) {
    for (const [digest, repository] of locations) this.#add(repository, digest);
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

  /** Records that `repository` has the blob, as this run has found. */
  noteBlob(repository: string, digest: Digest): void {
    this.#changed ||= this.#blobs.get(digest)?.has(repository) !== true;
    this.#add(repository, digest);
    this.#confirmed.add(`${repository}@${digest}`);
  }

  /** True when this run has found that `repository` has the blob. */
  isConfirmed(repository: string, digest: Digest): boolean {
    return this.#confirmed.has(`${repository}@${digest}`);
  }

  /** A repository that has the blob: `repository` itself when it has it, otherwise any other. */
  repositoryWith(digest: Digest, repository: string): string | undefined {
    const repositories = this.#blobs.get(digest);
    if (!repositories || repositories.has(repository)) return repositories && repository;
    for (const other of repositories) return other;
    return undefined;
  }

  forgetBlob(repository: string, digest: Digest): void {
    const isKnown = this.#blobs.get(digest)?.delete(repository) === true;
    this.#changed ||= isKnown;
    this.#confirmed.delete(`${repository}@${digest}`);
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

  #add(repository: string, digest: Digest): void {
    const repositories = this.#blobs.get(digest);
    if (repositories) repositories.add(repository);
    else this.#blobs.set(digest, new Set([repository]));
  }
}

import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import type { ListedManifest } from './google-tags.ts';

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

interface Repository {
  readonly blobs: Set<string>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, Digest>;
}

/** The content of an in-process registry: each blob once, and the repositories that have it. */
export class MemoryStore {
  readonly #repositories = new Map<string, Repository>();
  readonly #blobs = new Map<string, Uint8Array>();

  repositoryNames(): string[] {
    return Array.from(this.#repositories.keys()).toSorted();
  }

  has(repository: string): boolean {
    return this.#repositories.has(repository);
  }

  tags(repository: string): string[] {
    return Array.from(this.#repositories.get(repository)?.tags.keys() ?? []).toSorted();
  }

  blob(repository: string, digest: string): Uint8Array | undefined {
    return this.#repositories.get(repository)?.blobs.has(digest) ? this.#blobs.get(digest) : undefined;
  }

  putBlob(repository: string, bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    this.#open(repository).blobs.add(digest);
    return digest;
  }

  mount(repository: string, digest: string, from: string): boolean {
    if (this.blob(from, digest) === undefined) return false;
    this.#open(repository).blobs.add(digest);
    return true;
  }

  deleteBlob(repository: string, digest: string): void {
    this.#repositories.get(repository)?.blobs.delete(digest);
  }

  manifest(repository: string, reference: string): StoredManifest | undefined {
    const found = this.#repositories.get(repository);
    return found?.manifests.get(found.tags.get(reference) ?? reference);
  }

  putManifest(repository: string, reference: string, mediaType: string, bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    const { manifests, tags } = this.#open(repository);
    manifests.set(digest, { mediaType, bytes, digest });
    if (!reference.includes(':')) tags.set(reference, digest);
    return digest;
  }

  deleteManifest(repository: string, digest: string): void {
    this.#repositories.get(repository)?.manifests.delete(digest);
  }

  deleteTag(repository: string, tag: string): void {
    this.#repositories.get(repository)?.tags.delete(tag);
  }

  listManifests(repository: string): ListedManifest[] {
    const found = this.#repositories.get(repository);
    if (!found) return [];
    const tags = Array.from(found.tags);
    return Array.from(found.manifests.values(), ({ digest, mediaType, bytes }) => ({
      digest,
      mediaType,
      size: bytes.length,
      tags: tags.filter(([, of]) => of === digest).map(([tag]) => tag),
    }));
  }

  #open(repository: string): Repository {
    let found = this.#repositories.get(repository);
    if (!found) {
      found = { blobs: new Set(), manifests: new Map(), tags: new Map() };
      this.#repositories.set(repository, found);
    }
    return found;
  }
}

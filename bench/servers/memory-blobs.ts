import { createHash } from 'node:crypto';
import { digestOf } from '../../src/oci/digest.ts';

export interface KeptManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

/** What a registry holds. Blobs are kept as they came, in pieces, and are verified when the measurement is over. */
export class Content {
  /** By repository and digest, or by repository and tag. */
  readonly #manifests = new Map<string, KeptManifest>();
  readonly #tags = new Map<string, Set<string>>();
  readonly #blobs = new Map<string, readonly Buffer[]>();
  /** The digests of each repository. */
  readonly #repositories = new Map<string, Set<string>>();

  tags(repository: string): string[] | undefined {
    const tags = this.#tags.get(repository);
    return tags && Array.from(tags).toSorted();
  }

  manifest(repository: string, reference: string): KeptManifest | undefined {
    return this.#manifests.get(`${repository} ${reference}`);
  }

  putManifest(repository: string, reference: string, mediaType: string, bytes: Buffer): string {
    const digest = digestOf(bytes);
    const manifest = { mediaType, bytes, digest };
    this.#manifests.set(`${repository} ${digest}`, manifest);
    if (reference === digest) return digest;
    this.#manifests.set(`${repository} ${reference}`, manifest);
    let tags = this.#tags.get(repository);
    if (!tags) this.#tags.set(repository, (tags = new Set()));
    tags.add(reference);
    return digest;
  }

  blob(repository: string, digest: string): readonly Buffer[] | undefined {
    return this.#repositories.get(repository)?.has(digest) === true ? this.#blobs.get(digest) : undefined;
  }

  putBlob(repository: string, digest: string, pieces: readonly Buffer[]): void {
    this.#blobs.set(digest, pieces);
    this.#open(repository).add(digest);
  }

  mount(repository: string, digest: string, from: string): boolean {
    if (!this.blob(from, digest)) return false;
    this.#open(repository).add(digest);
    return true;
  }

  /** Joins the pieces of each blob, so that sending it costs no copy. */
  join(): void {
    for (const [digest, pieces] of this.#blobs) {
      if (pieces.length > 1) this.#blobs.set(digest, [Buffer.concat(pieces)]);
    }
  }

  /** @throws Error that names the first blob whose bytes are not those of its digest */
  verify(): void {
    for (const [digest, pieces] of this.#blobs) {
      const hash = createHash('sha256');
      for (const piece of pieces) hash.update(piece);
      const found = `sha256:${hash.digest('hex')}`;
      if (found !== digest) throw new Error(`The bytes of ${digest} have the digest ${found}`);
    }
  }

  #open(repository: string): Set<string> {
    let found = this.#repositories.get(repository);
    if (!found) this.#repositories.set(repository, (found = new Set()));
    return found;
  }
}

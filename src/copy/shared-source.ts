import { downloadWhole } from '../oci/blob-download.ts';
import { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import type { ManifestHead } from '../oci/manifest-response.ts';
import type { Descriptor, RawManifest } from '../oci/manifest.ts';
import type { PullLimit } from '../oci/pull-limit.ts';
import { type ListedReferrer, listReferrers } from '../oci/referrers.ts';
import type { CopyTask } from './engine.ts';
import { ReadCache } from './read-cache.ts';

/** A blob of at most this size is kept when several targets need it; a larger one is sent to them while it arrives. */
export const MAX_KEPT_BLOB_BYTES = 1024 ** 2;

const MANIFEST_CACHE_BYTES = 16 * 1024 ** 2;
const BLOB_CACHE_BYTES = 32 * 1024 ** 2;
const LIST_CACHE_BYTES = 4 * 1024 ** 2;
/** What an entry of a list or a HEAD takes in memory, about. */
const ENTRY_BYTES = 300;

/** The clients of a run's sources for those images that are read for several targets. */
export class SharedSources {
  readonly #clients = new Map<RegistryClient, SharedSource>();
  readonly #caches = new Caches();

  /** The client that remembers what it has read from the registry of `client`. */
  of(client: RegistryClient): RegistryClient {
    if (client instanceof SharedSource) return client;
    let shared = this.#clients.get(client);
    if (!shared) this.#clients.set(client, (shared = new SharedSource(client, this.#caches)));
    return shared;
  }

  /** `task` with such a client, if other tasks read the same. */
  taskOf(task: CopyTask): CopyTask {
    const { source, readers = 1 } = task;
    return readers === 1 ? task : { ...task, source: { ...source, client: this.of(source.client) } };
  }
}

class Caches {
  readonly manifests = new ReadCache<RawManifest>(MANIFEST_CACHE_BYTES, ({ bytes }) => bytes.length + 1);
  readonly heads = new ReadCache<ManifestHead>(LIST_CACHE_BYTES, () => ENTRY_BYTES);
  readonly blobs = new ReadCache<Uint8Array>(BLOB_CACHE_BYTES, ({ length }) => length + 1);
  readonly lists = new ReadCache<readonly ListedReferrer[]>(
    LIST_CACHE_BYTES,
    ({ length }) => (length + 1) * ENTRY_BYTES,
  );
}

/** A source whose manifests, small blobs and lists of referrers are requested once, although several targets need them. */
class SharedSource extends RegistryClient {
  readonly #inner: RegistryClient;
  readonly #caches: Caches;

  constructor(inner: RegistryClient, caches: Caches) {
    super(inner.registry, inner.transport);
    this.#inner = inner;
    this.#caches = caches;
  }

  override get pullLimit(): PullLimit | undefined {
    return this.#inner.pullLimit;
  }

  override async getManifest(repository: string, reference: string): Promise<RawManifest | undefined> {
    const read = async (): Promise<RawManifest | undefined> => {
      const manifest = await this.#inner.getManifest(repository, reference);
      // Copied: the bytes may be a small part of a large buffer, which must not be kept.
      return manifest && { ...manifest, bytes: new Uint8Array(manifest.bytes) };
    };
    return this.#caches.manifests.get(this.#keyOf(repository, reference), read);
  }

  override async headManifest(repository: string, reference: string): Promise<ManifestHead | undefined> {
    const read = async (): Promise<ManifestHead | undefined> =>
      this.#inner.headManifest(repository, reference);
    return this.#caches.heads.get(this.#keyOf(repository, reference), read);
  }

  /** What one repository refuses, or has lost, another may have: reads of one repository are shared, and so are their failures. */
  async readBlob(repository: string, blob: Descriptor): Promise<Uint8Array> {
    const read = async (): Promise<Uint8Array> => downloadWhole(this.#inner, repository, blob);
    const kept = await this.#caches.blobs.get(`${this.#keyOf(repository, blob.digest)} ${blob.size}`, read);
    return kept ?? read();
  }

  async listReferrers(repository: string, digest: Digest): Promise<readonly ListedReferrer[] | undefined> {
    const read = async (): Promise<readonly ListedReferrer[] | undefined> =>
      listReferrers(this.#inner, repository, digest);
    return this.#caches.lists.get(this.#keyOf(repository, digest), read);
  }

  #keyOf(repository: string, reference: string): string {
    return `${this.registry}/${repository} ${reference}`;
  }
}

/** True when several targets need what is read from `client`, and `blob` is small enough to be kept for them. */
export function isKept(client: RegistryClient, { size }: Pick<Descriptor, 'size'>): boolean {
  return client instanceof SharedSource && size <= MAX_KEPT_BLOB_BYTES;
}

/** The whole content of a blob, verified. @throws ContentError, RegistryError */
export async function readBlob(
  client: RegistryClient,
  repository: string,
  blob: Descriptor,
): Promise<Uint8Array> {
  return client instanceof SharedSource && isKept(client, blob)
    ? client.readBlob(repository, blob)
    : downloadWhole(client, repository, blob);
}

/** Like `listReferrers` of the client, requested once if several targets need it. */
export async function listSourceReferrers(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<readonly ListedReferrer[] | undefined> {
  return client instanceof SharedSource
    ? client.listReferrers(repository, digest)
    : listReferrers(client, repository, digest);
}

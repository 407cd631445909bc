import { CopyError, isPermanent } from '../../mirror/copy-error.ts';
import { type CopyableContent, copyableContent, fetchManifest } from '../../mirror/source-image.ts';
import { type SingleFlight, allOrThrow } from '../../oci/async.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { type Descriptor, type RawManifest, isForeignLayer } from '../../oci/manifest.ts';
import type { CopyTask } from '../engine.ts';
import type { BlobCopier } from './blob-copier.ts';
import type { ReferrersLists } from './referrers-lists.ts';
import type { TargetInventory } from './target-inventory.ts';

/** Indexes may contain indexes; real ones are not nested deeper than this. */
export const MAX_DEPTH = 8;

export function tooDeep({ source: { repository, digest } }: CopyTask): CopyError {
  return new CopyError(`${repository}@${digest}: indexes are nested more than ${MAX_DEPTH} deep`, {
    retryable: false,
  });
}

/** What all copies to one target registry share. */
export interface TargetState {
  readonly inventory: TargetInventory;
  readonly blobs: BlobCopier;
  /** Child manifests that are being copied, by `repository@digest`. */
  readonly children: SingleFlight<void>;
  readonly lists: ReferrersLists;
  /** Set once the target has refused a tag because it already exists: from then on tags are looked up before they are pushed. */
  checkBeforePush: boolean;
}

/** How often the parts of a manifest are copied again when the target says that it misses some. */
const MAX_ROUNDS = 2;

/** Error codes of a registry that misses something that a manifest refers to. */
const MISSING_PART_CODES = new Set([
  'MANIFEST_BLOB_UNKNOWN',
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
]);

/** Copies a manifest and all that it refers to: the parts first, then the manifest. */
export class ManifestCopy {
  readonly #task: CopyTask;
  readonly #state: TargetState;
  /** Manifests that were read from the source. */
  readonly #fetched = new Map<Digest, RawManifest>();
  #sent = 0;

  constructor(task: CopyTask, state: TargetState) {
    this.#task = task;
    this.#state = state;
  }

  /** Number of bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Reads a manifest from the source, once. */
  async fetch(digest: Digest): Promise<RawManifest> {
    const { client, repository } = this.#task.source;
    const manifest = this.#fetched.get(digest) ?? (await fetchManifest(client, repository, digest));
    this.#fetched.set(digest, manifest);
    return manifest;
  }

  /** Reads the children of an index, before it is their turn to be stored. */
  async readAhead(manifest: RawManifest, depth = 0): Promise<void> {
    const { target } = this.#task;
    const { inventory } = this.#state;
    const content = this.#contentOf(manifest);
    if (content.kind !== 'index' || inventory.hasManifest(target.repository, manifest.digest)) return;
    if (depth === MAX_DEPTH) throw tooDeep(this.#task);
    const missing = content.children.filter(
      ({ digest }) => !inventory.hasManifest(target.repository, digest),
    );
    await allOrThrow(
      missing.map(async ({ digest }) => {
        if (!this.#fetched.has(digest)) await this.readAhead(await this.fetch(digest), depth + 1);
      }),
    );
  }

  /** Copies `manifest` and its parts, and stores it under its digest. @returns as `put` does */
  async copy(manifest: RawManifest): Promise<boolean> {
    await this.readAhead(manifest);
    await this.copyParts(manifest);
    return this.put(manifest, manifest.digest);
  }

  /**
   * Stores `manifest`, whose parts were copied, under `reference`. When the target misses a part all the same, the parts are copied
   * again. A refused manifest counts as stored when the target already has it under `reference`: registries with immutable tags
   * refuse it, and the answer to an earlier attempt may have been lost.
   *
   * @returns true when the target acknowledged the manifest's subject
   */
  async put(manifest: RawManifest, reference: string): Promise<boolean> {
    const { client, repository } = this.#task.target;
    let isSubjectAcknowledged = false;
    try {
      isSubjectAcknowledged = await this.#putWithParts(manifest, reference);
    } catch (error) {
      if (!mayBeStored(error)) throw error;
      const head = await client.findManifest(repository, reference).catch(() => undefined);
      if (head?.digest !== manifest.digest) throw this.#explain(error, manifest);
      if (isPermanent(error)) this.#state.checkBeforePush = true;
    }
    this.#state.inventory.noteManifest(repository, manifest.digest);
    return isSubjectAcknowledged;
  }

  async #putWithParts(manifest: RawManifest, reference: string): Promise<boolean> {
    const { client, repository } = this.#task.target;
    for (let rounds = 0; ; rounds += 1) {
      try {
        return await client.putManifest(repository, reference, manifest);
      } catch (error) {
        if (!isMissingPart(error) || rounds === MAX_ROUNDS) throw error;
        this.#forget(manifest);
        await this.readAhead(manifest);
        await this.copyParts(manifest);
      }
    }
  }

  /** Registries refuse foreign layers with messages that don't mention them. */
  #explain(error: RegistryError, manifest: RawManifest): Error {
    const content = this.#contentOf(manifest);
    if (content.kind !== 'image' || !content.layers.some(isForeignLayer)) return error;
    return new CopyError(
      `${error.message}. The image has foreign layers, which are not stored in registries and which this target refuses: ` +
        'allow them there (in distribution, validation.manifests.urls), or leave the image out with "exclude"',
      { retryable: false, cause: error },
    );
  }

  /** Copies what `manifest` refers to, unless the target is known to have it. */
  async copyParts(manifest: RawManifest): Promise<void> {
    const { target } = this.#task;
    if (this.#state.inventory.hasManifest(target.repository, manifest.digest)) return;
    const content = this.#contentOf(manifest);
    if (content.kind === 'index') {
      await allOrThrow(content.children.map(({ digest }) => this.#copyChild(digest)));
    } else {
      await allOrThrow(blobsOf(content).map((blob) => this.#copyBlob(blob)));
    }
  }

  async #copyBlob(blob: Descriptor): Promise<void> {
    const { source, target } = this.#task;
    const sent = await this.#state.blobs.copy(source.client, source.repository, blob, target.repository);
    this.#sent += sent;
  }

  /** A child that another image of the same repository is copying is awaited. */
  async #copyChild(digest: Digest): Promise<void> {
    const { inventory, children } = this.#state;
    const { target } = this.#task;
    const key = `${target.repository}@${digest}`;
    for (let running = children.get(key); running; running = children.get(key))
      await running.catch(() => undefined);
    if (inventory.hasManifest(target.repository, digest)) return;
    await children.run(key, async () => {
      const manifest = await this.fetch(digest);
      await this.copyParts(manifest);
      await this.put(manifest, digest);
    });
  }

  #forget(manifest: RawManifest): void {
    const { inventory } = this.#state;
    const { repository } = this.#task.target;
    const content = this.#contentOf(manifest);
    inventory.forgetManifest(repository, manifest.digest);
    if (content.kind === 'index')
      for (const { digest } of content.children) inventory.forgetManifest(repository, digest);
    else for (const { digest } of blobsOf(content)) inventory.forgetBlob(repository, digest);
  }

  #contentOf(manifest: RawManifest): CopyableContent {
    return copyableContent(manifest, this.#task.source.client, this.#task.source.repository);
  }
}

/** The blobs of an image, each once. Foreign layers are not copied. */
function blobsOf({ config, layers }: Extract<CopyableContent, { kind: 'image' }>): Descriptor[] {
  const blobs = [config, ...layers.filter((layer) => !isForeignLayer(layer))];
  return Array.from(new Map(blobs.map((blob) => [blob.digest, blob])).values());
}

function isMissingPart(error: unknown): boolean {
  return error instanceof RegistryError && error.codes.some((code) => MISSING_PART_CODES.has(code));
}

/** True where a lookup may say that the manifest is stored. A registry that limits requests is spared the lookup. */
function mayBeStored(error: unknown): error is RegistryError {
  return (
    error instanceof RegistryError && error.status !== 429 && (error.method === 'PUT' || isPermanent(error))
  );
}

import { CopyError } from '../../mirror/copy-error.ts';
import { type CopyableContent, copyableContent, fetchManifest } from '../../mirror/source-image.ts';
import { allOrThrow } from '../../oci/async.ts';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { type Descriptor, type RawManifest, isForeignLayer } from '../../oci/manifest.ts';
import type { CopyTask, VerifiedTag } from '../engine.ts';
import type { BlobCopier } from './blob-copier.ts';
import type { ReferrersLists } from './referrers-lists.ts';
import type { TargetInventory } from './target-inventory.ts';

/** Indexes may hold indexes; nobody's go deeper than this. */
export const MAX_DEPTH = 8;

export function tooDeep({ source: { repository, digest } }: CopyTask): CopyError {
  return new CopyError(`${repository}@${digest}: indexes are nested more than ${MAX_DEPTH} deep`, {
    retryable: false,
  });
}

/** What is shared by all copies to one target registry. */
export interface TargetState {
  readonly inventory: TargetInventory;
  readonly blobs: BlobCopier;
  /** Child manifests under way, by `repository@digest`. */
  readonly children: Map<string, Promise<void>>;
  readonly lists: ReferrersLists;
  /** Set once the target has refused a tag because it has it already: then it is asked before. */
  checkBeforePush: boolean;
}

/** What an engine is given to tell of. */
export interface CopyEvents {
  readonly onTagVerified: (tag: string, what: VerifiedTag) => void;
  readonly onReferrersCopied: (count: number) => void;
}

/** How often parts are brought again that the target has said to have and has not. */
const MOST_ROUNDS = 2;

/** Codes of a registry that misses something a manifest refers to. */
const MISSING_PART = new Set([
  'MANIFEST_BLOB_UNKNOWN',
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'MANIFEST_INVALID',
]);

/** One manifest's way to the target with all that it refers to: its parts first, then itself. */
export class ManifestCopy {
  readonly #task: CopyTask;
  readonly #state: TargetState;
  /** Children that were read ahead. */
  readonly #read = new Map<Digest, RawManifest>();
  #sent = 0;

  constructor(task: CopyTask, state: TargetState) {
    this.#task = task;
    this.#state = state;
  }

  /** Bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** A manifest of the source, which is asked for once. */
  async fetch(digest: Digest): Promise<RawManifest> {
    const { client, repository } = this.#task.source;
    const manifest = this.#read.get(digest) ?? (await fetchManifest(client, repository, digest));
    this.#read.set(digest, manifest);
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
        if (!this.#read.has(digest)) await this.readAhead(await this.fetch(digest), depth + 1);
      }),
    );
  }

  /** Brings `manifest` with its parts, under its digest. @returns as `put` does */
  async bring(manifest: RawManifest): Promise<boolean> {
    await this.readAhead(manifest);
    await this.bringParts(manifest);
    return this.put(manifest, manifest.digest);
  }

  /**
   * Stores `manifest`, whose parts are there; when the target misses one after all, brings them again. What it
   * refuses and has already, as registries do whose tags can't change, is stored; and so is what was taken while the
   * answer was lost, each time.
   *
   * @returns true when the target says that it noted to what the manifest refers
   */
  async put(manifest: RawManifest, reference: string): Promise<boolean> {
    const { client, repository } = this.#task.target;
    let isNoted = false;
    try {
      isNoted = await this.#putOrBring(manifest, reference);
    } catch (error) {
      if (!mayBeStored(error)) throw error;
      const head = await client.findManifest(repository, reference).catch(() => undefined);
      if (head?.digest !== manifest.digest) throw this.#explain(error, manifest);
      if (isRefusal(error)) this.#state.checkBeforePush = true;
    }
    this.#state.inventory.noteManifest(repository, manifest.digest);
    return isNoted;
  }

  async #putOrBring(manifest: RawManifest, reference: string): Promise<boolean> {
    const { client, repository } = this.#task.target;
    for (let rounds = 0; ; rounds += 1) {
      try {
        return await client.putManifest(repository, reference, manifest);
      } catch (error) {
        if (!isMissingPart(error) || rounds === MOST_ROUNDS) throw error;
        this.#forget(manifest);
        await this.readAhead(manifest);
        await this.bringParts(manifest);
      }
    }
  }

  /** Foreign layers are refused in words that tell nobody of them. */
  #explain(error: RegistryError, manifest: RawManifest): Error {
    const content = this.#contentOf(manifest);
    if (content.kind !== 'image' || !content.layers.some(isForeignLayer)) return error;
    return new CopyError(
      `${error.message}. The image has foreign layers, which no registry holds and this target does not take: let it take ` +
        'them (in distribution, validation.manifests.urls), or leave the image out with "exclude"',
      { retryable: false, cause: error },
    );
  }

  /** Brings what `manifest` refers to, unless the target is known to hold it. */
  async bringParts(manifest: RawManifest): Promise<void> {
    const { target } = this.#task;
    if (this.#state.inventory.hasManifest(target.repository, manifest.digest)) return;
    const content = this.#contentOf(manifest);
    if (content.kind === 'index') {
      await allOrThrow(content.children.map(({ digest }) => this.#bringChild(digest)));
    } else {
      await allOrThrow(partsOf(content).map((blob) => this.#bringBlob(blob)));
    }
  }

  async #bringBlob(blob: Descriptor): Promise<void> {
    const { source, target } = this.#task;
    const sent = await this.#state.blobs.copy(source.client, source.repository, blob, target.repository);
    this.#sent += sent;
  }

  /** A child that another image of the same repository brings at the moment is waited for. */
  async #bringChild(digest: Digest): Promise<void> {
    const { inventory, children } = this.#state;
    const { target } = this.#task;
    const key = `${target.repository}@${digest}`;
    for (let other = children.get(key); other; other = children.get(key)) await other.catch(() => undefined);
    if (inventory.hasManifest(target.repository, digest)) return;
    const bringing = (async () => {
      const manifest = await this.fetch(digest);
      await this.bringParts(manifest);
      await this.put(manifest, digest);
    })();
    children.set(key, bringing);
    try {
      await bringing;
    } finally {
      children.delete(key);
    }
  }

  #forget(manifest: RawManifest): void {
    const { inventory } = this.#state;
    const { repository } = this.#task.target;
    const content = this.#contentOf(manifest);
    inventory.forgetManifest(repository, manifest.digest);
    if (content.kind === 'index')
      for (const { digest } of content.children) inventory.forgetManifest(repository, digest);
    else for (const { digest } of partsOf(content)) inventory.forgetBlob(repository, digest);
  }

  #contentOf(manifest: RawManifest): CopyableContent {
    return copyableContent(manifest, this.#task.source.client, this.#task.source.repository);
  }
}

/** The blobs of an image, each once. Foreign layers stay where they are. */
function partsOf({ config, layers }: Extract<CopyableContent, { kind: 'image' }>): Descriptor[] {
  const blobs = [config, ...layers.filter((layer) => !isForeignLayer(layer))];
  return Array.from(new Map(blobs.map((blob) => [blob.digest, blob])).values());
}

function isMissingPart(error: unknown): boolean {
  return error instanceof RegistryError && error.codes.some((code) => MISSING_PART.has(code));
}

/** True for what another try does not mend. */
function isRefusal(error: RegistryError): boolean {
  return error.status !== undefined && !error.retryable;
}

/** True where asking tells more than the error. A registry that was asked too much is not asked again. */
function mayBeStored(error: unknown): error is RegistryError {
  return (
    error instanceof RegistryError && error.status !== 429 && (error.method === 'PUT' || isRefusal(error))
  );
}

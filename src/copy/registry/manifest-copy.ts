import { CopyError, MissingAtSourceError, isPermanent } from '../../mirror/copy-error.ts';
import { type CopyableContent, copyableContent, entryKind, partsOf } from '../../mirror/source-image.ts';
import { allOrThrow, mapLimited } from '../../oci/async.ts';
import { type Digest, matchesDigest } from '../../oci/digest.ts';
import type { Descriptor, RawManifest } from '../../oci/manifest.ts';
import type { RegistryClient } from '../../oci/client.ts';
import type { CopyTask } from '../engine.ts';
import type { Member } from '../meetings.ts';
import { MAX_KEPT_BLOB_BYTES } from '../shared-source.ts';
import { explainRefusal, isMissingPart, mayBeStored, namesUnknownPart } from './manifest-refusal.ts';
import { MAX_DEPTH } from './presence-check.ts';
import { SourceManifests } from './source-manifests.ts';
import type { TargetState } from './target-state.ts';

export function tooDeep({ source: { repository, digest } }: CopyTask): CopyError {
  return new CopyError(`${repository}@${digest}: indexes are nested more than ${MAX_DEPTH} deep`, {
    retryable: false,
  });
}

/** Number of children of one index that are copied at the same time when they don't fit into the budget for reading ahead. */
const UNHELD_CONCURRENCY = 2;

/** How often the parts of a manifest are copied again when the target says that it misses some. */
const MAX_ROUNDS = 2;

/** Copies a manifest and all that it refers to: the parts first, then the manifest. */
export class ManifestCopy {
  readonly #task: CopyTask;
  readonly #state: TargetState;
  readonly #manifests: SourceManifests;
  readonly #member: Member<RegistryClient> | undefined;
  readonly #announced: (() => void)[] = [];
  #sent = 0;

  /** @param member its part in the meeting of the copies that read the same */
  constructor(task: CopyTask, state: TargetState, member?: Member<RegistryClient>) {
    this.#member = member;
    this.#task = task;
    this.#state = state;
    this.#manifests = new SourceManifests(task, state.readAhead);
  }

  /** Number of bytes sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Reads an entry of the index `parent` from the source, unless it was read ahead. */
  async fetch(parent: Digest, child: Descriptor): Promise<RawManifest> {
    return this.#manifests.get(parent, child);
  }

  /** To be called when the copy ends, whatever its result. */
  close(): void {
    this.#manifests.releaseAll();
    for (const withdraw of this.#announced) withdraw();
  }

  /**
   * Reads the children of an index before it is their turn to be stored, as far as the budget allows. What is held was read with its
   * own children: indexes may share theirs at each level, so that there are far more ways to a manifest than manifests.
   */
  async readAhead(manifest: RawManifest, depth = 0): Promise<void> {
    const { target } = this.#task;
    const { inventory } = this.#state;
    const content = this.#contentOf(manifest);
    if (content.kind !== 'index' || inventory.hasManifest(target.repository, manifest.digest)) return;
    if (depth === MAX_DEPTH) throw tooDeep(this.#task);
    const missing = partsOf(content).manifests.filter(
      (child) =>
        !this.#manifests.isHeld(child) &&
        !inventory.hasManifest(target.repository, child.digest) &&
        entryKind(child) === 'manifest',
    );
    await allOrThrow(
      missing.map(async (child) => {
        const read = await this.#manifests.hold(manifest.digest, child);
        if (read) await this.readAhead(read, depth + 1);
      }),
    );
  }

  /** True when other copies read the same. */
  get isShared(): boolean {
    return this.#member !== undefined;
  }

  /** Waits until the other copies are about to copy `manifest`, a referrer, or have passed it. */
  async meet(manifest: RawManifest): Promise<void> {
    await this.readAhead(manifest);
    await this.announceBlobs(manifest);
    await this.#member?.reach(manifest.digest);
  }

  /** To be called when this copy does not need a referrer. */
  pass(digest: Digest): void {
    this.#member?.pass(digest);
  }

  /**
   * Finds out which blobs the target is not known to have, as far as the manifests were read, and announces the large ones if other
   * targets need them too.
   *
   * @returns their size in bytes
   */
  async announceBlobs(manifest: RawManifest): Promise<number> {
    const { source, target } = this.#task;
    const { inventory, streams } = this.#state;
    const needed = new Map<Digest, Descriptor>();
    const seen = new Set<Digest>();
    const walk = async (one: RawManifest): Promise<void> => {
      if (seen.has(one.digest) || inventory.hasManifest(target.repository, one.digest)) return;
      seen.add(one.digest);
      const { manifests, blobs } = partsOf(this.#contentOf(one));
      for (const blob of blobs)
        if (inventory.repositoryWith(blob.digest, target.repository) === undefined)
          needed.set(blob.digest, blob);
      const held = manifests.filter((child) => this.#manifests.isHeld(child));
      for (const child of held) await walk(await this.fetch(one.digest, child));
    };
    await walk(manifest);
    if (this.isShared) {
      const large = needed.values().filter(({ size }) => size > MAX_KEPT_BLOB_BYTES);
      this.#announced.push(streams.expect(target.client, source.client, Array.from(large)));
    }
    return needed.values().reduce((sum, { size }) => sum + size, 0);
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
      if (!head || !isDigestOf(manifest, head.digest)) throw explainRefusal(error, this.#contentOf(manifest));
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
        if (!isMissingPart(error)) throw error;
        if (namesUnknownPart(error)) this.#state.presence.noteRefusal(this.#contentOf(manifest));
        if (rounds === MAX_ROUNDS) throw error;
        this.#forget(manifest);
        await this.readAhead(manifest);
        await this.copyParts(manifest);
      }
    }
  }

  /** Copies what `manifest` refers to, unless the target is known to have it. */
  async copyParts(manifest: RawManifest, depth = 0): Promise<void> {
    const { target } = this.#task;
    if (this.#state.inventory.hasManifest(target.repository, manifest.digest)) return;
    const content = this.#contentOf(manifest);
    const { manifests, blobs } = partsOf(content);
    const isChecked = this.#state.presence.isCheckedByTarget(content);
    const copyChild = async (child: Descriptor): Promise<void> =>
      this.#copyChild(manifest.digest, child, depth);
    const { held = [], unheld = [] } = Object.groupBy(manifests, (child) =>
      this.#manifests.isHeld(child) ? 'held' : 'unheld',
    );
    await allOrThrow([
      ...held.map(copyChild),
      ...mapLimited(unheld, UNHELD_CONCURRENCY, copyChild),
      ...blobs.map((blob) => this.#copyBlob(blob, isChecked)),
    ]);
  }

  /** Whether the target has all parts of `manifest`, as the target itself says. */
  async hasPartsAtTarget(manifest: RawManifest): Promise<boolean> {
    return this.#state.presence.hasParts(this.#task.target.repository, this.#contentOf(manifest));
  }

  async #copyBlob(blob: Descriptor, isCheckedByTarget: boolean): Promise<void> {
    const { source, target } = this.#task;
    const sent = await this.#state.blobs.copy(source, blob, target.repository, isCheckedByTarget);
    this.#sent += sent;
  }

  /** A child that another image of the same repository is copying is awaited. */
  async #copyChild(parent: Digest, child: Descriptor, depth: number): Promise<void> {
    const { inventory, children } = this.#state;
    const { target } = this.#task;
    const { digest } = child;
    const key = `${target.repository}@${digest}`;
    for (let running = children.get(key); running; running = children.get(key))
      await running.catch(() => undefined);
    if (inventory.hasManifest(target.repository, digest)) return;
    await children.run(key, async () => {
      const manifest = await this.#fetchEntry(parent, child);
      if (!manifest) return this.#copyBlob(child, false);
      await this.readAhead(manifest, depth + 1);
      await this.copyParts(manifest, depth + 1);
      await this.put(manifest, digest);
      this.#manifests.release(child);
    });
  }

  /** @returns undefined when an entry of an unknown type is not a manifest */
  async #fetchEntry(parent: Digest, child: Descriptor): Promise<RawManifest | undefined> {
    try {
      return await this.fetch(parent, child);
    } catch (error) {
      const isAnswered = error instanceof MissingAtSourceError || isPermanent(error);
      if (entryKind(child) === 'unknown' && isAnswered) return undefined;
      throw error;
    }
  }

  #forget(manifest: RawManifest): void {
    const { inventory } = this.#state;
    const { repository } = this.#task.target;
    const { manifests, blobs } = partsOf(this.#contentOf(manifest));
    for (const { digest } of [manifest, ...manifests]) inventory.forgetManifest(repository, digest);
    for (const { digest } of blobs) inventory.forgetBlob(repository, digest);
  }

  #contentOf(manifest: RawManifest): CopyableContent {
    return copyableContent(manifest, this.#task.source.client, this.#task.source.repository);
  }
}

/** True for a digest of the manifest's bytes: a target may use another algorithm than the source. */
export function isDigestOf({ digest, bytes }: RawManifest, other: Digest): boolean {
  return digest === other || matchesDigest(bytes, other);
}

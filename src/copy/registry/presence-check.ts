import {
  type CopyableContent,
  copyableContent,
  entryKind,
  isImage,
  partsOf,
} from '../../mirror/source-image.ts';
import { SingleFlight, mapLimited } from '../../oci/async.ts';
import type { RegistryClient } from '../../oci/client.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { TargetInventory } from './target-inventory.ts';

/** Indexes may contain indexes; real ones are not nested deeper than this. */
export const MAX_DEPTH = 8;
/** Number of children of one index that are read from the target at the same time: each may have some megabytes. */
const CONCURRENCY = 8;

/** Where a check of a manifest's parts is. */
interface Walk {
  readonly repository: string;
  readonly depth: number;
  /** The checks of its children at all levels: indexes may share theirs, and each is checked once. */
  readonly children: Map<string, Promise<boolean>>;
}

/**
 * Checks what a target really has. The record and the inventory of earlier runs say what it had: its owner or its garbage
 * collector may have deleted blobs since. Not every registry refuses a manifest whose parts it lacks: the specification does not
 * require it, and zot checks images only. A manifest that rests on such a belief would then be stored, and could not be pulled.
 */
export class PresenceCheck {
  readonly #target: RegistryClient;
  readonly #inventory: TargetInventory;
  readonly #checks = new SingleFlight<boolean>();
  #refusesIncompleteImages = false;

  constructor(target: RegistryClient, inventory: TargetInventory) {
    this.#target = target;
    this.#inventory = inventory;
  }

  /** To be called when the target has refused a manifest because it misses a part. */
  noteRefusal(content: CopyableContent): void {
    if (isImage(content)) this.#refusesIncompleteImages = true;
  }

  /**
   * True when the target would refuse `content` if it missed a part, as it has shown in this run: then its parts need no check. It
   * has shown nothing about artifacts, nor about the parts of an index's images, which are not stored again.
   */
  isCheckedByTarget(content: CopyableContent): boolean {
    return this.#refusesIncompleteImages && isImage(content);
  }

  /** Whether `repository` has the blob. A blob that was sent, mounted or checked in this run costs no request. */
  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    if (this.#inventory.isConfirmed(repository, digest)) return true;
    return this.#checks.run(`${repository}@${digest}`, async () => {
      // Without an answer the blob is treated as missing: mounting or sending it shows whether it is present.
      const isPresent = await this.#target.hasBlob(repository, digest).catch(() => false);
      if (isPresent) this.#inventory.noteBlob(repository, digest);
      else this.#inventory.forgetBlob(repository, digest);
      return isPresent;
    });
  }

  /** Whether `repository` has everything that a manifest with this content refers to, at all levels. */
  async hasParts(repository: string, content: CopyableContent): Promise<boolean> {
    return this.#hasParts(content, { repository, depth: 0, children: new Map() });
  }

  async #hasParts(content: CopyableContent, walk: Walk): Promise<boolean> {
    if (this.isCheckedByTarget(content)) return true;
    const { manifests, blobs } = partsOf(content);
    const checks = [
      ...mapLimited(manifests, CONCURRENCY, async (child) => this.#hasChild(child, walk)),
      ...blobs.map(async ({ digest }) => this.hasBlob(walk.repository, digest)),
    ];
    return (await Promise.all(checks)).every(Boolean);
  }

  async #hasChild(child: Descriptor, walk: Walk): Promise<boolean> {
    const { children } = walk;
    const key = `${child.digest} ${entryKind(child)}`;
    let check = children.get(key);
    if (!check) children.set(key, (check = this.#checkChild(child, walk)));
    return check;
  }

  async #checkChild(child: Descriptor, walk: Walk): Promise<boolean> {
    const { digest } = child;
    const { repository, depth } = walk;
    if (this.#inventory.hasManifest(repository, digest)) return true;
    if (depth === MAX_DEPTH) return false;
    try {
      const isPresent = await this.#isChildComplete(digest, walk);
      if (isPresent) this.#inventory.noteManifest(repository, digest);
      return isPresent || (entryKind(child) === 'unknown' && (await this.hasBlob(repository, digest)));
    } catch {
      return false;
    }
  }

  /** Where manifest requests are metered, as at Docker Hub, which refuses incomplete images, only the manifest itself is checked. */
  async #isChildComplete(digest: Digest, { repository, depth, children }: Walk): Promise<boolean> {
    if (this.#target.pullLimit) return (await this.#target.findManifest(repository, digest)) !== undefined;
    const manifest = await this.#target.getManifest(repository, digest);
    if (!manifest) return false;
    const content = copyableContent(manifest, this.#target, repository);
    return this.#hasParts(content, { repository, depth: depth + 1, children });
  }
}

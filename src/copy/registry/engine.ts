import pLimit, { type LimitFunction } from 'p-limit';
import { fetchManifest } from '../../mirror/source-image.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { isReferrersTag } from '../../oci/digest-tags.ts';
import { listEntries } from '../../oci/referrers-list.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { CopyTask, Engine, VerifiedTag } from '../engine.ts';
import { BlobCopier } from './blob-copier.ts';
import type { BlobLocationStore } from './blob-locations.ts';
import { copyImage, copyNewReferrers } from './image-copy.ts';
import type { TargetState } from './manifest-copy.ts';
import { copyList } from './referrers-list-copy.ts';
import { ReferrersLists } from './referrers-lists.ts';
import { TargetInventory } from './target-inventory.ts';

export interface RegistryEngineOptions {
  /** Images that are written at a time; reading ahead and reading back go on beside it. */
  readonly concurrency: number;
  /** What earlier runs knew of a target registry, and where this run leaves what it knows. */
  readonly blobLocations?: (registry: string) => BlobLocationStore;
  /** Large blobs that are streamed at a time, at most half of the requests that a host takes at a time. */
  readonly streams: number;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** Aborted when the run must end at once: nothing is kept for the next then. */
  readonly abort?: AbortSignal;
}

/** One target registry, and what is known of it. */
interface Target {
  readonly state: TargetState;
  readonly memory: BlobLocationStore | undefined;
}

/** While one image is written, two others are read ahead or read back: over a real link most of the time is waiting. */
const OVERLAP = 3;

/** Copies registry to registry over HTTP: manifests byte for byte, blobs streamed, mounted or left where they are. */
export class RegistryEngine implements Engine {
  readonly width: number;
  readonly #options: RegistryEngineOptions;
  readonly #places: LimitFunction;
  readonly #targets = new Map<RegistryClient, Promise<Target>>();

  constructor(options: RegistryEngineOptions) {
    this.#options = options;
    this.#places = pLimit(options.concurrency);
    this.width = options.concurrency * OVERLAP;
  }

  async copy(
    task: CopyTask,
    onTagVerified: (tag: string, what: VerifiedTag) => void,
    onReferrersCopied: (count: number) => void = () => undefined,
  ): Promise<number> {
    const { source, target } = task;
    if (task.tags.length === 0)
      return copyNewReferrers(task, async () => this.#state(target.client), onReferrersCopied);
    const [state, manifest] = await Promise.all([
      this.#state(target.client),
      fetchManifest(source.client, source.repository, source.digest),
    ]);
    const list = task.referrers && task.tags.every(isReferrersTag) ? listEntries(manifest) : undefined;
    return list
      ? this.#places(async () => copyList(task, state, manifest, list, { onTagVerified, onReferrersCopied }))
      : copyImage(task, state, manifest, this.#places, { onTagVerified, onReferrersCopied });
  }

  async close(): Promise<void> {
    for (const target of this.#targets.values()) {
      const { state, memory } = await target;
      if (state.inventory.changed && this.#options.abort?.aborted !== true)
        await memory?.save(state.inventory.holders());
    }
  }

  /** Only when there is something to copy: the memory costs requests. */
  async #state(client: RegistryClient): Promise<TargetState> {
    let target = this.#targets.get(client);
    if (!target) this.#targets.set(client, (target = this.#open(client)));
    return (await target).state;
  }

  async #open(client: RegistryClient): Promise<Target> {
    const { blobLocations: memoryOf, streams, concurrency: _, ...options } = this.#options;
    const memory = memoryOf?.(client.registry);
    const inventory = new TargetInventory(await memory?.load());
    const limit = pLimit(Math.max(1, streams));
    const blobs = new BlobCopier({ ...options, target: client, inventory, limit });
    const lists = new ReferrersLists(client);
    const state = { inventory, blobs, children: new Map(), lists, checkBeforePush: false };
    return { state, memory };
  }
}

import pLimit, { type LimitFunction } from 'p-limit';
import { fetchManifest } from '../../mirror/source-image.ts';
import { SerialQueue, SingleFlight } from '../../oci/async.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { isReferrersTag } from '../../oci/digest-tags.ts';
import { listEntries } from '../../oci/referrers-list.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { CopyObserver, CopyTask, Engine } from '../engine.ts';
import { BlobCopier } from './blob-copier.ts';
import type { BlobLocationStore } from './blob-locations.ts';
import { ByteBudget } from './byte-budget.ts';
import { isCosignTag } from './cosign-tag-copy.ts';
import { copyCosignTags, copyImage, copyNewReferrers } from './image-copy.ts';
import type { TargetState } from './manifest-copy.ts';
import { PresenceCheck } from './presence-check.ts';
import { copyList } from './referrers-list-copy.ts';
import { ReferrersLists } from './referrers-lists.ts';
import { TargetInventory } from './target-inventory.ts';

export interface RegistryEngineOptions {
  /** Number of images that are written at the same time. */
  readonly concurrency: number;
  /** Where the blob locations of a target registry are kept between runs. */
  readonly blobLocations?: (registry: string) => BlobLocationStore;
  /** Number of large blobs that are streamed at the same time; at most half of the requests that a host may receive at once. */
  readonly streams: number;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** Aborted when the run must end at once: then blob locations are not saved. */
  readonly abort?: AbortSignal;
}

/** One target registry. */
interface Target {
  readonly state: TargetState;
  readonly store: BlobLocationStore | undefined;
}

/** Manifests that are read ahead take at most this much memory; most have 1 to 10 kB. */
const READ_AHEAD_BYTES = 32 * 1024 ** 2;

/** While one image is written, two others are read ahead or read back: on a real link most of the time is waiting. */
const OVERLAP = 3;

/** Copies registry to registry over HTTP: manifests byte for byte; blobs are streamed, mounted, or already present. */
export class RegistryEngine implements Engine {
  readonly width: number;
  readonly #options: RegistryEngineOptions;
  readonly #writing: LimitFunction;
  readonly #readAhead = new ByteBudget(READ_AHEAD_BYTES);
  readonly #targets = new Map<RegistryClient, Promise<Target>>();

  constructor(options: RegistryEngineOptions) {
    this.#options = options;
    this.#writing = pLimit(options.concurrency);
    this.width = options.concurrency * OVERLAP;
  }

  async copy(task: CopyTask, observer: CopyObserver): Promise<number> {
    const { source, target } = task;
    if (task.tags.length === 0)
      return copyNewReferrers(task, async () => this.#state(target.client), observer);
    const [state, manifest] = await Promise.all([
      this.#state(target.client),
      fetchManifest(source.client, source.repository, source.digest),
    ]);
    if (task.tags.every(isCosignTag))
      return this.#writing(async () => copyCosignTags(task, state, manifest, observer));
    const list = task.referrers && task.tags.every(isReferrersTag) ? listEntries(manifest) : undefined;
    return list
      ? this.#writing(async () => copyList(task, state, manifest, list, observer))
      : copyImage(task, state, manifest, this.#writing, observer);
  }

  async close(): Promise<void> {
    for (const target of this.#targets.values()) {
      const { state, store } = await target;
      if (state.inventory.changed && this.#options.abort?.aborted !== true)
        await store?.save(state.inventory.locations());
    }
  }

  /** Opened only when there is something to copy: loading blob locations costs requests. */
  async #state(client: RegistryClient): Promise<TargetState> {
    let target = this.#targets.get(client);
    if (!target) this.#targets.set(client, (target = this.#open(client)));
    return (await target).state;
  }

  async #open(client: RegistryClient): Promise<Target> {
    const { blobLocations, streams, concurrency: _, ...options } = this.#options;
    const store = blobLocations?.(client.registry);
    const inventory = new TargetInventory(await store?.load());
    const limit = pLimit(Math.max(1, streams));
    const presence = new PresenceCheck(client, inventory);
    const blobs = new BlobCopier({ ...options, target: client, inventory, presence, limit });
    const lists = new ReferrersLists(client);
    const state = {
      inventory,
      presence,
      blobs,
      children: new SingleFlight<void>(),
      lists,
      referrerPushes: new SerialQueue(),
      readAhead: this.#readAhead,
      checkBeforePush: false,
    };
    return { state, store };
  }
}

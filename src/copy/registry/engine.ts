import { SerialQueue, SingleFlight } from '../../oci/async.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { isReferrersTag } from '../../oci/digest-tags.ts';
import { listEntries } from '../../oci/referrers-list.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { CopyObserver, CopyTask, Engine } from '../engine.ts';
import { type Member, Meetings } from '../meetings.ts';
import { Patience, type PatienceOptions } from '../patience.ts';
import { SharedSources } from '../shared-source.ts';
import { readingKey } from '../read-together.ts';
import { BlobCopier } from './blob-copier.ts';
import type { BlobLocationStore } from './blob-locations.ts';
import { BlobStreams } from './blob-streams.ts';
import { ByteBudget } from './byte-budget.ts';
import { copyCosignTags, isCosignTag } from './cosign-tag-copy.ts';
import { copyImage, copyNewReferrers } from './image-copy.ts';
import type { TargetState } from './target-state.ts';
import { fetchTaskManifest } from './present-manifest.ts';
import { PresenceCheck } from './presence-check.ts';
import { copyList } from './referrers-list-copy.ts';
import { ReferrersLists } from './referrers-lists.ts';
import { TargetInventory } from './target-inventory.ts';
import { inTurn } from './turn.ts';
import { Places } from '../../oci/places.ts';

export interface RegistryEngineOptions {
  /** Number of images that are written to one target registry at the same time. */
  readonly concurrency: number;
  /** Up to how many images may be written as long as all of them together have few bytes to send. Absent: no more. */
  readonly tinyImages?: number;
  /** Where the blob locations of a target registry are kept between runs. */
  readonly blobLocations?: (registry: string) => BlobLocationStore;
  /** Number of large blobs that are streamed to one target at the same time; at most half of the requests that a host may receive at once. */
  readonly streams: number;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** Aborted when the run must end at once: then blob locations are not saved. */
  readonly abort?: AbortSignal;
  /** How targets wait for one another. */
  readonly patience?: Pick<PatienceOptions, 'clock' | 'sleep'>;
}

/** One target registry. */
interface Target {
  readonly state: TargetState;
  readonly places: Places;
  readonly store: BlobLocationStore | undefined;
}

/** Manifests that are read ahead take at most this much memory; most have 1 to 10 kB. */
const READ_AHEAD_BYTES = 32 * 1024 ** 2;

/** What images beyond `concurrency` may have to send in all: a fast link carries it in about a second. */
const TINY_IMAGES_BYTES = 64 * 1024 ** 2;

/** While an image is written, others are read ahead or read back: on a real link most of the time is waiting. */
const OVERLAP = 2;
/** The number of these images for each of those that are written whatever their size. */
const LARGE_OVERLAP = 3;

/** Copies registry to registry over HTTP: manifests byte for byte; blobs are streamed, mounted, or already present. */
export class RegistryEngine implements Engine {
  readonly width: number;
  readonly #options: RegistryEngineOptions;
  readonly #sources = new SharedSources();
  readonly #meetings: Meetings<RegistryClient>;
  readonly #streams: BlobStreams;
  readonly #readAhead = new ByteBudget(READ_AHEAD_BYTES);
  readonly #targets = new Map<RegistryClient, Promise<Target>>();

  constructor(options: RegistryEngineOptions) {
    this.#options = options;
    const { abort: signal, patience: given, streams } = options;
    const patience = new Patience<RegistryClient>({ ...given, ...(signal && { signal }) });
    this.#meetings = new Meetings(patience);
    this.#streams = new BlobStreams(streams, patience);
    const { concurrency, tinyImages = concurrency } = options;
    this.width = Math.max(tinyImages * OVERLAP, concurrency * LARGE_OVERLAP);
  }

  async copy(task: CopyTask, observer: CopyObserver): Promise<number> {
    if ((task.readers ?? 1) === 1) return this.#copy(task, observer);
    // Joined before anything is awaited: tasks that are started together find one another.
    const member = this.#meetings.join(readingKey(task), task.target.client);
    try {
      return await this.#copy(this.#sources.taskOf(task), observer, member);
    } finally {
      member.leave();
    }
  }

  async #copy(task: CopyTask, observer: CopyObserver, member?: Member<RegistryClient>): Promise<number> {
    const { target } = task;
    if (task.tags.length === 0)
      return copyNewReferrers(task, async () => (await this.#target(target.client)).state, observer, member);
    const [{ state, places }, manifest] = await Promise.all([
      this.#target(target.client),
      fetchTaskManifest(task),
    ]);
    const turn = { places, ...(member && { member }) };
    if (task.tags.every(isCosignTag)) return copyCosignTags(task, state, manifest, turn, observer);
    const list = task.referrers && task.tags.every(isReferrersTag) ? listEntries(manifest) : undefined;
    return list
      ? inTurn(turn, 0, async () =>
          copyList(task, state, { source: manifest, entries: list }, observer, member),
        )
      : copyImage(task, state, manifest, turn, observer);
  }

  async close(): Promise<void> {
    for (const target of this.#targets.values()) {
      const { state, store } = await target;
      if (state.inventory.changed && this.#options.abort?.aborted !== true)
        await store?.save(state.inventory.locations());
    }
  }

  /** Opened only when there is something to copy: loading blob locations costs requests. */
  async #target(client: RegistryClient): Promise<Target> {
    let target = this.#targets.get(client);
    if (!target) this.#targets.set(client, (target = this.#open(client)));
    return target;
  }

  async #open(client: RegistryClient): Promise<Target> {
    const { blobLocations, retries, sleep, random, concurrency: always, tinyImages = always } = this.#options;
    const streams = this.#streams;
    const store = blobLocations?.(client.registry);
    const inventory = new TargetInventory(await store?.load());
    const presence = new PresenceCheck(client, inventory);
    const blobs = new BlobCopier({ target: client, inventory, presence, streams, retries, sleep, random });
    const state = {
      inventory,
      presence,
      blobs,
      streams,
      children: new SingleFlight<void>(),
      lists: new ReferrersLists(client),
      referrerPushes: new SerialQueue(),
      readAhead: this.#readAhead,
      checkBeforePush: false,
    };
    return {
      state,
      places: new Places({ always, most: tinyImages, bytes: TINY_IMAGES_BYTES }),
      store,
    };
  }
}

import type { SerialQueue, SingleFlight } from '../../oci/async.ts';
import type { BlobCopier } from './blob-copier.ts';
import type { BlobStreams } from './blob-streams.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { PresenceCheck } from './presence-check.ts';
import type { ReferrersLists } from './referrers-lists.ts';
import type { TargetInventory } from './target-inventory.ts';

/** What all copies to one target registry share. */
export interface TargetState {
  readonly inventory: TargetInventory;
  readonly presence: PresenceCheck;
  readonly blobs: BlobCopier;
  readonly streams: BlobStreams;
  /** Child manifests that are being copied, by `repository@digest`. */
  readonly children: SingleFlight<void>;
  readonly lists: ReferrersLists;
  /** Referrers of one subject are pushed one after another: some registries change their list without a lock. */
  readonly referrerPushes: SerialQueue;
  /** Limits the children of indexes that are read ahead, for all images and targets of a run. */
  readonly readAhead: ByteBudget;
  /** Set once the target has refused a tag because it already exists: from then on tags are looked up before they are pushed. */
  checkBeforePush: boolean;
}

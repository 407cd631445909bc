import type { Failure, ImageTags } from '../mirror/failure.ts';
import type { ListedTag, Listing, ResolvedSelection } from '../mirror/listing.ts';
import type { NamespaceManifest, RecordEntry, UnloggedTags } from '../mirror/record-entry.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { UndeterminedTag, Work } from '../mirror/work.ts';

/** One namespace, listed and compared with its record. */
export interface NamespacePlan extends ResolvedSelection {
  readonly settings: NamespaceSettings;
  readonly recordPath: string;
  readonly recorded: NamespaceManifest;
  /** Recorded tags of this job's images that the changelog does not name yet. Absent: none. */
  readonly unlogged?: UnloggedTags;
  /** Full path of the target's repository, by image. */
  readonly targets: ReadonlyMap<string, string>;
  readonly work: readonly Work[];
  /** Set where the run copies what refers to images. */
  readonly referrers?: ReferrersPlan;
  /** gcrsync's tags, of which nobody knows the digest. */
  readonly undetermined: readonly UndeterminedTag[];
  /** What evidence says of tags: to be recorded without a copy. */
  readonly adopted: ReadonlyMap<string, ReadonlyMap<string, RecordEntry>>;
  readonly unchanged: number;
  readonly gone: readonly ImageTags[];
}

/** What is to know for copying what refers to the images of a namespace. */
export interface ReferrersPlan {
  /** Images without work: the source is to be asked what is new about them. */
  readonly rechecks: readonly Work[];
  /** What the source lists, whatever the filters want. */
  readonly listed: Listing<ListedTag>['images'];
}

/** A namespace that could not be listed, or whose manifest could not be used. */
export interface NamespaceFailure {
  readonly settings: NamespaceSettings;
  readonly failure: Failure;
}

export type Planned = NamespacePlan | NamespaceFailure;

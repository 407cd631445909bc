import type { Failure, ImageTags } from '../mirror/failure.ts';
import type { ListedTag, Listing, ResolvedSelection } from '../mirror/listing.ts';
import type { TagMatch } from '../mirror/patterns.ts';
import type { NamespaceManifest, RecordEntry, UnloggedTags } from '../mirror/record-entry.ts';
import type { NamespaceSettings, SettingsOf } from '../mirror/settings.ts';
import type { UndeterminedTag, Work } from '../mirror/work.ts';

/** A source namespace and a target, with the namespace's name and the path of the record, which are computed once per run. */
export interface NamespaceIdentity {
  readonly settings: NamespaceSettings;
  /** `gcr.io/distroless` */
  readonly name: string;
  /** Path of the namespace manifest in the metadata repository. */
  readonly recordPath: string;
}

/** One namespace and target, listed and compared with its record. Images go by their keys. */
export interface NamespacePlan extends NamespaceIdentity, ResolvedSelection {
  readonly kind: 'plan';
  readonly recorded: NamespaceManifest;
  /** Recorded tags of this job's images that the changelog does not name yet. Absent: none. */
  readonly unlogged?: UnloggedTags;
  /** How tags that a list names are mirrored. Absent: all as the settings say. */
  readonly settingsOf?: SettingsOf;
  /** True for tags that the settings select by name, by the key of their image. */
  readonly wants: TagMatch;
  readonly work: readonly Work[];
  /** Set if the run copies referrers. */
  readonly referrers?: ReferrersPlan;
  /** Tags that are recorded with an unknown digest. */
  readonly undetermined: readonly UndeterminedTag[];
  /** Entries to record without a copy, as the target already has these tags. */
  readonly adopted: ReadonlyMap<string, ReadonlyMap<string, RecordEntry>>;
  readonly unchanged: number;
  /** Images that this run leaves out, as another source's image has the same name at the target. Absent: none. */
  readonly clashing?: readonly string[];
  /** Recorded tags that the source no longer has. */
  readonly gone: readonly ImageTags[];
}

/** What the copy of referrers needs to know about a namespace. */
export interface ReferrersPlan {
  /** Images without work whose referrers are looked up at the source. */
  readonly rechecks: readonly Work[];
  /** What the source lists, before the filters, by image. */
  readonly listed: Listing<ListedTag>['images'];
}

/** A namespace that could not be listed, or whose manifest could not be used. */
export interface NamespaceFailure extends NamespaceIdentity {
  readonly kind: 'failure';
  readonly failure: Failure;
}

/** A namespace as the run prepared it. */
export type Planned = NamespacePlan | NamespaceFailure;

/** The namespaces that could be planned. */
export function plansOf(planned: readonly Planned[]): NamespacePlan[] {
  return planned.filter((one) => one.kind === 'plan');
}

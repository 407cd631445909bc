import type { Digest } from '../oci/digest.ts';
import { type Failure, type ImageTags, countTags } from './failure.ts';
import type { FilteredOut } from './filters.ts';
import { formatCount } from './format.ts';

/** `2 missing, 1 changed, 3 differ` */
export function describeDrift({ missing, changed, differs }: Drift): string {
  const [lost, other, unrecorded] = [missing, changed, differs].map((images) =>
    formatCount(countTags(images)),
  );
  return `${lost} missing, ${other} changed, ${unrecorded} differ`;
}

/** What happened to one source namespace. Every count is of tags. */
export interface NamespaceResult {
  /** `gcr.io/distroless` */
  readonly namespace: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly copied: readonly CopiedImage[];
  readonly failures: readonly Failure[];
  /** Images of the old schema1 format, which nobody takes any more. */
  readonly unsupported: readonly ImageTags[];
  readonly unchanged: number;
  /** Tags that the manifest holds and the source does not. They stay in the mirror. */
  readonly gone: readonly ImageTags[];
  /** Tags that this run left to the next. */
  readonly pending: number;
  /** Tags that were recorded, or whose digest was, from what the target holds and without a copy. */
  readonly adopted: number;
  /** Tags that the filters left out. */
  readonly filteredOut: FilteredOut;
  /** Tags that were not asked for again, and are taken to be what is recorded. */
  readonly notRechecked: number;
  /** Number of manifests that refer to images (signatures, attestations, SBOMs), and were copied with them. */
  readonly referrers: number;
  /** Bytes sent of those of images that were mirrored before; the others' count with their images. */
  readonly referrerBytes: number;
  /** Images that were mirrored before, and of which this run left it to another to ask what refers to them. */
  readonly referrersUnchecked: number;
  /** In a dry run: the changelog's section as it would be. */
  readonly section?: string;
  /** Where nothing was copied: what copying would cost. */
  readonly pulls?: Pulls;
  /** Where record and target were compared: what is not as it should be. */
  readonly drift?: Drift;
}

/** Requests for manifests at the source, which count against a pull limit where the registry has one. */
export interface Pulls {
  readonly count: number;
  /** False where only a copy will tell how many manifests there are: `count` is the least then. */
  readonly exact: boolean;
}

/** How a target differs from what it should hold. */
export interface Drift {
  /** Recorded, but the target does not have the tag. */
  readonly missing: readonly ImageTags[];
  /** Recorded, but the target has another digest under the tag. */
  readonly changed: readonly ImageTags[];
  /** Not recorded; the target has the tag, with another image than the source. */
  readonly differs: readonly ImageTags[];
  /** Number of entries that were taken out of the record for this; in a dry run, that would be. */
  readonly removed: number;
}

/** One source digest that the target now holds under these tags (in a dry run: would hold). */
export interface CopiedImage {
  /** Path of the repository inside its namespace. */
  readonly image: string;
  /** `docker.io/gcrxio/base`: the target's repository. */
  readonly target: string;
  readonly digest: Digest;
  readonly added: readonly string[];
  readonly updated: readonly string[];
  /** Bytes sent to the target; in a dry run, the size the source states, 0 where it states none. */
  readonly bytes: number;
}

/** The action's numeric outputs, and what else is counted. */
export interface Counts {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Failed tags; a repository or namespace that could not be listed counts as one. */
  readonly failed: number;
  readonly pending: number;
  readonly gone: number;
  readonly bytes: number;
  /** Manifests that refer to images. */
  readonly referrers: number;
}

/** Adds up what happened in `namespaces`. */
export function countAll(namespaces: readonly NamespaceResult[]): Counts {
  const counts = {
    added: 0,
    updated: 0,
    unchanged: 0,
    failed: 0,
    pending: 0,
    gone: 0,
    bytes: 0,
    referrers: 0,
  };
  for (const namespace of namespaces) {
    for (const image of namespace.copied) {
      counts.added += image.added.length;
      counts.updated += image.updated.length;
      counts.bytes += image.bytes;
    }
    for (const failure of namespace.failures) counts.failed += Math.max(1, failure.tags.length);
    counts.unchanged += namespace.unchanged;
    counts.pending += namespace.pending;
    counts.gone += countTags(namespace.gone);
    counts.bytes += namespace.referrerBytes;
    counts.referrers += namespace.referrers;
  }
  return counts;
}

/** Number of tags that are recorded and are not at the target as recorded. */
export function countDrift({ drift }: NamespaceResult): number {
  return drift ? countTags(drift.missing) + countTags(drift.changed) : 0;
}

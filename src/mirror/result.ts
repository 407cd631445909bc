import type { Digest } from '../oci/digest.ts';
import { type Failure, type ImageTags, countTags } from './failure.ts';
import type { FilteredOut } from './filters.ts';
import { formatCount } from './format.ts';

/** `2 missing, 1 changed, 0 hollow, 3 differ` */
export function describeDrift({ missing, changed, hollow, differs }: Drift): string {
  const [missingCount, changedCount, hollowCount, differCount] = [missing, changed, hollow, differs].map(
    (images) => formatCount(countTags(images)),
  );
  return `${missingCount} missing, ${changedCount} changed, ${hollowCount} hollow, ${differCount} differ`;
}

/** What a run did with one source namespace. Counts are numbers of tags unless stated otherwise. */
export interface NamespaceResult {
  /** `gcr.io/distroless` */
  readonly namespace: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly copied: readonly CopiedImage[];
  readonly failures: readonly Failure[];
  /** Images in the obsolete schema1 format, which current registries reject. */
  readonly unsupported: readonly ImageTags[];
  readonly unchanged: number;
  /** Tags that are recorded but no longer in the source. They stay in the mirror. */
  readonly gone: readonly ImageTags[];
  /** Tags that are left to the next run. */
  readonly pending: number;
  /** Tags that were recorded without a copy, because the target has them already. */
  readonly adopted: number;
  /** Tags that the filters excluded. */
  readonly filteredOut: FilteredOut;
  /** Tags that were not rechecked in this run: the recorded digest is assumed to be current. */
  readonly notRechecked: number;
  /** Number of referrers that were copied: manifests such as signatures, attestations and SBOMs. */
  readonly referrers: number;
  /** Bytes sent for referrers of images that were mirrored before; those of new images count with the image. */
  readonly referrerBytes: number;
  /** Number of images mirrored before whose referrers were due for a check and are left to the next run. */
  readonly referrersUnchecked: number;
  /** In a dry run: the section that the changelog would get. */
  readonly section?: string;
  /** In a dry run or plan: the manifest requests that copying would take. */
  readonly pulls?: Pulls;
  /** Set by mode `compare`: how the target differs from the record. */
  readonly drift?: Drift;
}

/** Manifest requests to the source, which count against a pull limit where the registry has one. */
export interface Pulls {
  readonly count: number;
  /** False if the exact number is only known while copying: `count` is a lower bound then. */
  readonly exact: boolean;
}

/** How a target differs from the record. */
export interface Drift {
  /** Recorded tags that the target does not have. */
  readonly missing: readonly ImageTags[];
  /** Recorded tags that have another digest in the target. */
  readonly changed: readonly ImageTags[];
  /** Tags whose image lacks blobs or children in the target, so that it can't be pulled. */
  readonly hollow: readonly ImageTags[];
  /** Unrecorded tags that have another image in the target than in the source. */
  readonly differs: readonly ImageTags[];
  /** Number of wrong entries that were removed from the record; in a dry run, that would be removed. */
  readonly removed: number;
}

/** One source digest that the target now has under these tags; in a dry run, would have. */
export interface CopiedImage {
  /** Path of the repository inside its namespace. */
  readonly image: string;
  /** The target's repository: `docker.io/gcrxio/base`. */
  readonly target: string;
  readonly digest: Digest;
  /** What the target has instead, where it can't have the same digest. */
  readonly targetDigest?: Digest;
  readonly added: readonly string[];
  readonly updated: readonly string[];
  /** Bytes sent to the target; in a dry run, the size that the source reports, or 0 if it reports none. */
  readonly bytes: number;
}

/** Totals of a run; most of them are outputs of the action. */
export interface Counts {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Failed tags. A repository or namespace that could not be listed counts as one. */
  readonly failed: number;
  readonly pending: number;
  readonly gone: number;
  readonly bytes: number;
  /** Manifests that refer to images, such as signatures. */
  readonly referrers: number;
}

/** The totals of `namespaces`. */
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

/** Number of recorded tags that are missing from the target or have another digest there. */
export function countDrift({ drift }: NamespaceResult): number {
  return drift
    ? [drift.missing, drift.changed, drift.hollow].reduce((sum, one) => sum + countTags(one), 0)
    : 0;
}

/** A commit of one file of the metadata repository. */
export interface Commit {
  readonly path: string;
  /** The page of the commit. */
  readonly url: string;
}

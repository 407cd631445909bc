import type { Digest } from '../oci/digest.ts';

/** What one run did: plain data that log, summary, changelog, outputs and the JSON report render. */
export interface RunResult {
  readonly mode: 'sync';
  /** True: nothing was copied or recorded; `added` and `updated` say what a run would do. */
  readonly dryRun: boolean;
  readonly started: Date;
  readonly finished: Date;
  readonly namespaces: readonly NamespaceResult[];
  /** Problems of the run itself, such as a changelog that could not be written; each fails the job. */
  readonly errors: readonly string[];
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
  readonly unsupported: readonly UnsupportedImage[];
  readonly unchanged: number;
  /** Tags that the manifest holds and the source does not. They stay in the mirror. */
  readonly gone: number;
  /** Tags that this run left to the next. */
  readonly pending: number;
  /** Tags of gcrsync's manifest whose digest this run settled from evidence, without a copy. */
  readonly settled: number;
  /** Tags that the filters dropped. */
  readonly filtered: number;
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

/** Tags that could not be mirrored, or, with no tags, a repository or namespace that could not be listed. */
export interface Failure {
  /** Empty when the whole namespace failed. */
  readonly image: string;
  readonly tags: readonly string[];
  /** Cause and remedy, one paragraph, without secrets; its text may come from a registry. */
  readonly reason: string;
}

/** Tags of an image that are schema1. */
export interface UnsupportedImage {
  readonly image: string;
  readonly tags: readonly string[];
}

/** The action's numeric outputs. */
export interface Counts {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Failed tags; a repository or namespace that could not be listed counts as one. */
  readonly failed: number;
  readonly pending: number;
  readonly gone: number;
  readonly bytes: number;
}

/** Adds up what happened in `namespaces`. */
export function countAll(namespaces: readonly NamespaceResult[]): Counts {
  const counts = { added: 0, updated: 0, unchanged: 0, failed: 0, pending: 0, gone: 0, bytes: 0 };
  for (const namespace of namespaces) {
    for (const image of namespace.copied) {
      counts.added += image.added.length;
      counts.updated += image.updated.length;
      counts.bytes += image.bytes;
    }
    for (const failure of namespace.failures) counts.failed += Math.max(1, failure.tags.length);
    counts.unchanged += namespace.unchanged;
    counts.pending += namespace.pending;
    counts.gone += namespace.gone;
  }
  return counts;
}

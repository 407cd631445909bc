import type { Matrix } from '../mirror/matrix.ts';
import type { Mode } from '../mirror/mode.ts';
import type { Answer } from '../mirror/request.ts';
import type { Commit, NamespaceResult } from '../mirror/result.ts';

/** The result of a run: plain data that summary, comment, outputs and the JSON report render. */
export interface RunResult {
  readonly mode: Mode;
  /** True if nothing was copied or recorded: `copied` says what a run would do. */
  readonly dryRun: boolean;
  readonly started: Date;
  readonly finished: Date;
  readonly namespaces: readonly NamespaceResult[];
  /** Problems of the run itself, such as a changelog that could not be written. Each fails the job. */
  readonly errors: readonly string[];
  /** Likely mistakes in the inputs, such as a pattern that matches nothing in the sources. */
  readonly warnings: readonly string[];
  /** Why the run left work to the next one: the time limit, a rate limit. */
  readonly stopped?: readonly string[];
  /** Files whose changes could not be written. */
  readonly unrecorded?: readonly Unrecorded[];
  /** With `record: report`: what a later job records. */
  readonly records?: readonly ReportedRecord[];
  /** Commits that the run made in the metadata repository, oldest first. */
  readonly commits?: readonly Commit[];
  /** What became of the images that an issue asked for. */
  readonly answers?: readonly Answer[];
  /** Set by mode `plan`: the jobs to start. */
  readonly matrix?: Matrix;
}

/** A file of the metadata repository that could not be written. */
export interface Unrecorded {
  readonly path: string;
  /** The content it should have: a whole namespace manifest, or the new section of a changelog. */
  readonly content: string;
  /** The part of `content` that this run adds. */
  readonly addition: string;
}

/** What a job with `record: report` changes in one namespace manifest. */
export interface ReportedRecord {
  /** Path of the namespace manifest in the metadata repository. */
  readonly path: string;
  /** `gcr.io/distroless` */
  readonly source: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  /** A namespace manifest with the entries to add, and with tags of earlier runs that the changelog does not name yet. */
  readonly addition: string;
  /** A namespace manifest with the entries that proved wrong. */
  readonly removal: string;
}

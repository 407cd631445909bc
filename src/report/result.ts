import type { Matrix } from '../mirror/matrix.ts';
import type { Mode } from '../mirror/mode.ts';
import type { NamespaceResult } from '../mirror/result.ts';

/** What one run did: plain data that log, summary, changelog, outputs and the JSON report render. */
export interface RunResult {
  readonly mode: Mode;
  /** True: nothing was copied or recorded, and `copied` says what a run would do. */
  readonly dryRun: boolean;
  readonly started: Date;
  readonly finished: Date;
  readonly namespaces: readonly NamespaceResult[];
  /** Problems of the run itself, such as a changelog that could not be written; each fails the job. */
  readonly errors: readonly string[];
  /** What is odd about the inputs in the light of what the sources hold. */
  readonly warnings: readonly string[];
  /** Why the run left something to the next, for people: the end of its time, a rate limit. */
  readonly stopped?: readonly string[];
  /** What was mirrored and could not be recorded. */
  readonly unrecorded?: readonly Unrecorded[];
  /** Of a plan: the jobs to start. */
  readonly matrix?: Matrix;
}

/** A file of the metadata repository that could not be written. */
export interface Unrecorded {
  readonly path: string;
  /** What should be in it: all of a namespace manifest, or a changelog's new section. */
  readonly content: string;
  /** The part of it that this run adds. */
  readonly addition: string;
}

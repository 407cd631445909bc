import type { Engine } from '../copy/engine.ts';
import type { Comments } from '../github/comments.ts';
import type { ListProposals } from '../github/list-proposal.ts';
import type { WriteAccess } from '../github/write-access.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Commit } from '../mirror/result.ts';
import type { Sleep } from '../oci/sleep.ts';
import type { ReportFile } from '../mirror/report-file.ts';
import type { Annotation } from '../report/annotations.ts';
import type { PrepareDeps } from './prepare.ts';

/** Everything outside the process that a run uses. */
export interface Deps extends PrepareDeps {
  /** Prepares the engine; called only if there is something to copy. Throws Error with the remedy. */
  readonly openEngine: () => Promise<Engine>;
  readonly now: () => Date;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** How long the run may take. */
  readonly lifetime: Lifetime;
  /** Distinguishes this job of this run from all others. */
  readonly runKey: string;
  /** Reads the reports in a folder of the workspace, for mode `record`. Throws Error with the remedy. */
  readonly readReports: (folder: string) => Promise<readonly ReportFile[]>;
  /** Reads the catalogue's page as it was built, without data. */
  readonly readCataloguePage: () => Promise<string>;
  /** Number of jobs in the matrix, which record in the same branch. */
  readonly jobs: number;
  /** Finds out before anything is copied whether the run can be recorded. */
  readonly writeAccess: Pick<WriteAccess, 'check'>;
  /** Absent if the run has nothing to comment on. */
  readonly comments?: Pick<Comments, 'keepComment'>;
  /** Absent if no issue asks for images. */
  readonly listProposals?: Pick<ListProposals, 'propose'>;
  /** The commits that the run has made so far. */
  readonly commits?: readonly Commit[];
  /** Closes all connections. To be called at the end of the run. */
  readonly close: () => Promise<void>;
}

/** Where a run reports to: GitHub's runner, by @actions/core; tests pass their own. */
export interface Runner {
  annotate(annotation: Annotation): void;
  setOutput(name: string, value: string): void;
  writeSummary(markdown: string): Promise<void>;
  /** Writes the JSON report and returns its path. */
  writeReport(json: string): Promise<string>;
}

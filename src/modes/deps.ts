import type { Engine } from '../copy/engine.ts';
import type { PullRequestComments } from '../github/comments.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Sleep } from '../oci/sleep.ts';
import type { Annotation } from '../report/annotations.ts';
import type { PrepareDeps } from './prepare.ts';

/** What a run works with. */
export interface Deps extends PrepareDeps {
  /** Gets the engine ready, when there is something to copy. Throws Error with the remedy. */
  readonly openEngine: () => Promise<Engine>;
  readonly now: () => Date;
  readonly sleep: Sleep;
  readonly random: () => number;
  /** How long the run may go on. */
  readonly lifetime: Lifetime;
  /** Tells this job of this run from all others. */
  readonly runKey: string;
  /** Absent when no pull request started the workflow. */
  readonly pullRequest?: Pick<PullRequestComments, 'keepComment'>;
  /** Ends all connections. To be called when all is done. */
  readonly close: () => Promise<void>;
}

/** What a run tells GitHub's runner. The real one is @actions/core's; tests pass their own. */
export interface Runner {
  annotate(annotation: Annotation): void;
  setOutput(name: string, value: string): void;
  writeSummary(markdown: string): Promise<void>;
  /** Writes the JSON report and gives its path. */
  writeReport(json: string): Promise<string>;
}

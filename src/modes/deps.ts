import type { Engine } from '../copy/engine.ts';
import type { Lifetime } from '../lifetime.ts';
import type { Sleep } from '../oci/host-gate.ts';
import type { PullRequestComments } from '../report/pull-request.ts';
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
  readonly pullRequest?: PullRequestComments;
  /** Ends all connections. To be called when all is done. */
  readonly close: () => Promise<void>;
}

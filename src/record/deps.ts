import type { MetadataRepository } from '../github/repository.ts';
import type { Lifetime } from '../mirror/lifetime.ts';
import type { Logger } from '../oci/logger.ts';
import type { Sleep } from '../oci/sleep.ts';

/** Where and how a run is recorded, besides the namespace manifests. */
export interface RecordSettings {
  /** Absent: no changelog is kept. */
  readonly changelogPath?: string;
  /** IANA name of the changelog's time zone. */
  readonly timezone: string;
  /** Message of every commit. Default: made from the counts. */
  readonly commitMessage?: string;
}

export interface RecordDeps {
  readonly metadata: Pick<MetadataRepository, 'update'>;
  readonly now: () => Date;
  /** Identifies this job of this run among all others. */
  readonly runKey: string;
  readonly sleep: Sleep;
  readonly random: () => number;
  readonly lifetime: Pick<Lifetime, 'abort' | 'timeLeftMs'>;
  /** Number of jobs in the matrix, which write to the same branch. */
  readonly jobs: number;
  readonly logger: Logger;
}

import type { LastRecheck } from './recheck.ts';

/** One job of a matrix: the values for its inputs, and its amount of work. */
export interface MatrixEntry {
  /** For `namespaces`. */
  readonly namespace: string;
  /** For `include`. */
  readonly images: string;
  /** For `images`: references of lists, one per line. Set where the plan has a list. */
  readonly list?: string;
  /** For `target`. Set where the plan has several targets. */
  readonly target?: string;
  /** For `exclude`. */
  readonly exclude: string;
  /** For `shard-index` and `shard-total`. */
  readonly 'shard-index': string;
  readonly 'shard-total': number;
  /** The plan's day, in days since 1970: a job rechecks the tags of this day, also if it starts after midnight. */
  readonly 'recheck-day'?: number;
  /** The last run before the plan: a job rechecks the tags of all days since. */
  readonly 'recheck-last'?: LastRecheck;
  /** Identifies the runs that share their days of rechecks, such as this plan and the next one. */
  readonly 'recheck-key'?: string;
  /** `2/5`: the second of five parts of its namespace. */
  readonly part: string;
  readonly tags: number;
  /** As far as the sources report sizes. */
  readonly bytes: number;
}

/** For `strategy.matrix`. */
export interface Matrix {
  readonly include: readonly MatrixEntry[];
}

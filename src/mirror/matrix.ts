/** One job: what goes into its inputs, and what it has to do. */
export interface MatrixEntry {
  /** For `namespaces`. */
  readonly namespace: string;
  /** For `include`. */
  readonly images: string;
  /** For `exclude`. */
  readonly exclude: string;
  /** For `shard-index` and `shard-total`. */
  readonly 'shard-index': string;
  readonly 'shard-total': number;
  /** `2/5`: which part of its namespace this is. */
  readonly part: string;
  readonly tags: number;
  /** As far as the sources tell. */
  readonly bytes: number;
}

/** For `strategy.matrix`. */
export interface Matrix {
  readonly include: readonly MatrixEntry[];
}

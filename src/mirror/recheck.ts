/** True for a tag that must be looked up at its source in this run although it is recorded. */
export type IsDue = (image: string, tag: string) => boolean;

/**
 * The day of the last run that rechecked tags and was not cut off, in days since 1970. `none`: no such day is kept any more, or yet.
 * `unknown`: days are not kept at all.
 */
export type LastRecheck = number | 'none' | 'unknown';

/** Whose turn it is to be rechecked: the tags of all days after the last run, until `day`. */
export interface RecheckTurn {
  /** In days since 1970. */
  readonly day: number;
  readonly last: LastRecheck;
  /** Names the runs that share their days; absent where days are not kept. */
  readonly key?: string;
}

/** Keeps the days of runs that rechecked tags. Never fails a run. */
export interface RecheckDays {
  /** Names the runs that share their days. */
  readonly key: string;
  readonly load: () => Promise<LastRecheck>;
  readonly save: (day: number) => Promise<void>;
}

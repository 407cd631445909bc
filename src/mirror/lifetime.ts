/** Why a run ends before its work is done. */
export type StopReason = 'time limit' | 'cancelled';

/** How long a run may go on. All signals stay silent in a run that is done in time. */
export interface Lifetime {
  /** Aborted when no further image may start. */
  readonly drain: AbortSignal;
  /** Aborted when what is under way must end at once, and only records what is done. */
  readonly abort: AbortSignal;
  /** Aborted when recording must end too, so that the run still tells what it did. */
  readonly cutoff: AbortSignal;
  /** Milliseconds until `cutoff`. */
  readonly timeLeftMs: () => number;
  /** Undefined while the run goes on. */
  readonly stopReason: () => StopReason | undefined;
}

/** What is thrown where a run's end breaks something off. */
export class EndOfRun extends Error {
  override readonly name = 'EndOfRun';

  constructor(ending: StopReason) {
    super(ending === 'cancelled' ? 'The run was cancelled' : 'The time limit is reached');
  }
}

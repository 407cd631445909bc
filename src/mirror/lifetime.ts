/** Why a run ends before its work is done. */
export type StopReason = 'time limit' | 'cancelled';

/** How long a run may take. No signal fires in a run that finishes in time. */
export interface Lifetime {
  /** Aborted when no further image may be started. */
  readonly drain: AbortSignal;
  /** Aborted when the work in progress must stop at once. From then on the run only records what it has done. */
  readonly abort: AbortSignal;
  /** Aborted when recording must stop too, so that there is time to report. */
  readonly cutoff: AbortSignal;
  /** Milliseconds until `cutoff`. */
  readonly timeLeftMs: () => number;
  /** Undefined while the run may continue. */
  readonly stopReason: () => StopReason | undefined;
}

/** The beginning of a sentence that says why a run ends early. */
export function describeStop(stopReason: StopReason): string {
  return stopReason === 'cancelled' ? 'The run was cancelled' : 'The time limit is reached';
}

/** Thrown by work that the end of the run interrupts. */
export class EndOfRun extends Error {
  override readonly name = 'EndOfRun';

  constructor(stopReason: StopReason) {
    super(describeStop(stopReason));
  }
}

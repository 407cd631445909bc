import type { RecordDeps } from './deps.ts';
import type { Recorder } from './recorder.ts';
import { checkpointIntervalMs, firstCheckpointMs } from './schedule.ts';

export interface CheckpointOptions {
  /** The input `checkpoint`, in milliseconds. */
  readonly interval: number;
  /** Namespaces with work. Each has a file to write. */
  readonly namespaces: number;
  /** Aborted when nothing is copied any more. */
  readonly end: AbortSignal;
}

/**
 * Records at intervals what is done, until `end` or the end of the run, from which on no sleep lasts and the final record
 * has the rest. What can't be recorded now may be later; at the end it is an error.
 */
export async function saveAtCheckpoints(
  recorder: Pick<Recorder, 'save'>,
  { interval, namespaces, end }: CheckpointOptions,
  {
    sleep,
    logger,
    lifetime,
    jobs,
    random,
  }: Pick<RecordDeps, 'sleep' | 'logger' | 'lifetime' | 'jobs' | 'random'>,
): Promise<void> {
  let waitMs = firstCheckpointMs(checkpointIntervalMs(interval, jobs, namespaces), jobs, random);
  for (;;) {
    await sleep(waitMs, end).catch(() => undefined);
    if (end.aborted || lifetime.abort.aborted) return;
    const { errors, files } = await recorder.save();
    for (const error of errors) logger.warning(error);
    waitMs = checkpointIntervalMs(interval, jobs, files);
  }
}

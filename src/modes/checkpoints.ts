import type { Recorder } from '../record/recorder.ts';
import type { Deps } from './deps.ts';

/**
 * Records finished work every `intervalMs` milliseconds, until `end` or until the run is aborted: from then on no sleep
 * lasts, and the end of the run records the rest. What can't be recorded now may succeed later; if it never does, the end of
 * the run reports an error.
 */
export async function saveAtCheckpoints(
  recorder: Pick<Recorder, 'save'>,
  intervalMs: number,
  end: AbortSignal,
  { sleep, logger, lifetime }: Pick<Deps, 'sleep' | 'logger' | 'lifetime'>,
): Promise<void> {
  for (;;) {
    await sleep(intervalMs, end).catch(() => undefined);
    if (end.aborted || lifetime.abort.aborted) return;
    const { errors } = await recorder.save();
    for (const error of errors) logger.warning(error);
  }
}

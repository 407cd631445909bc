import type { RecordDeps } from './deps.ts';
import { roundPauseMs } from './schedule.ts';

/** What came of one round of writes. */
export interface Round {
  /** Something could not be written, and may be later. */
  readonly isTemporary: boolean;
  /** Something was written. */
  readonly hasProgress: boolean;
}

/** Once some files could be written, the others get this number of rounds: it may not be GitHub that fails. */
const MAX_ROUNDS_AFTER_PROGRESS = 6;

/**
 * Repeats `round` while GitHub fails and time is left. A run that has no time left has one round, whose retries
 * take the time that recording has.
 */
export async function inRounds(
  round: () => Promise<Round>,
  { sleep, random, lifetime, logger }: Pick<RecordDeps, 'sleep' | 'random' | 'lifetime' | 'logger'>,
): Promise<void> {
  let afterProgress = 0;
  for (let rounds = 1; ; rounds += 1) {
    const { isTemporary, hasProgress } = await round();
    if (hasProgress || afterProgress > 0) afterProgress += 1;
    if (!isTemporary || lifetime.abort.aborted || afterProgress >= MAX_ROUNDS_AFTER_PROGRESS) return;
    const pauseMs = roundPauseMs(rounds, lifetime.timeLeftMs(), random);
    logger.info(`Not everything could be recorded. The next try is in ${Math.ceil(pauseMs / 1000)} s.`);
    await sleep(pauseMs).catch(() => undefined);
  }
}

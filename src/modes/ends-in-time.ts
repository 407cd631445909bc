import type { Lifetime } from '../mirror/lifetime.ts';

/** The part of the time for recording in which work may end that the abort of the run should have ended at once. */
const SHARE = 1 / 3;

/**
 * Waits for `work`, and once the run was aborted only for a part of the time that is left: whatever hangs then, what was done must be
 * recorded.
 *
 * @returns false when `work` is left behind
 * @throws what `work` throws
 */
export async function endsInTime(
  work: Promise<void>,
  { abort, timeLeftMs }: Pick<Lifetime, 'abort' | 'timeLeftMs'>,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  let timer: NodeJS.Timeout | undefined;
  const leaveSoon = (): void => {
    timer = setTimeout(() => late.resolve(false), timeLeftMs() * SHARE);
  };
  if (abort.aborted) leaveSoon();
  else abort.addEventListener('abort', leaveSoon);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    abort.removeEventListener('abort', leaveSoon);
    clearTimeout(timer);
  }
}

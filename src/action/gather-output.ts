import type { Writable } from 'node:stream';

/** How long the output may wait for more, in milliseconds. */
const LONGEST_WAIT_MS = 100;

/**
 * Lets `stream` hold back what it is given for a moment, to write it together with what follows: a line for each of many tiny images
 * takes as long to write as two requests. The order stays the same.
 *
 * @param onExit receives the function to call before the process exits; it may be called several times
 * @returns a function to be called before something is written
 */
export function gatherOutput(
  stream: Pick<Writable, 'cork' | 'uncork'>,
  onExit: (write: () => void) => void,
): () => void {
  let isHeld = false;
  const write = (): void => {
    if (!isHeld) return;
    isHeld = false;
    stream.uncork();
  };
  onExit(write);
  return () => {
    if (isHeld) return;
    isHeld = true;
    stream.cork();
    setTimeout(write, LONGEST_WAIT_MS).unref();
  };
}

import { readdirSync, readlinkSync } from 'node:fs';

/** What a process says at its end when it was started with `--import` of this file. */
export interface AtExit {
  /** What still keeps the process: timers, sockets, and so on. */
  readonly resources: readonly string[];
  /** Open sockets, those included that keep nothing, besides the standard streams. */
  readonly sockets: number;
}

export const AT_EXIT = 'at-exit ';

// Not emitted by a process that is made to end, by process.exit or a signal.
process.once('beforeExit', () => {
  const told: AtExit = { resources: process.getActiveResourcesInfo(), sockets: countSockets() };
  process.stdout.write(`${AT_EXIT}${JSON.stringify(told)}\n`);
});

function countSockets(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return Number(fd) > 2 ? readlinkSync(`/proc/self/fd/${fd}`) : '';
    } catch {
      // The folder's own, which is closed by now.
      return '';
    }
  });
  return links.filter((link) => link.startsWith('socket:')).length;
}

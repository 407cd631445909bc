import { readdirSync, readlinkSync } from 'node:fs';

/** What a process prints at its end if it was started with `--import` of this file. */
export interface AtExit {
  /** What keeps the process alive: timers, sockets, and so on. */
  readonly resources: readonly string[];
  /** Open sockets without the standard streams, including those that do not keep the process alive. */
  readonly sockets: number;
}

export const AT_EXIT = 'at-exit ';

// Not emitted if process.exit or a signal ends the process.
process.once('beforeExit', () => {
  const told: AtExit = { resources: process.getActiveResourcesInfo(), sockets: countSockets() };
  process.stdout.write(`${AT_EXIT}${JSON.stringify(told)}\n`);
});

function countSockets(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return Number(fd) > 2 ? readlinkSync(`/proc/self/fd/${fd}`) : '';
    } catch {
      // That of the folder itself, which is closed by now.
      return '';
    }
  });
  return links.filter((link) => link.startsWith('socket:')).length;
}

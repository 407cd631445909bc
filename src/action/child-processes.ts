import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/**
 * Tells of each process that this one starts: @actions/exec gives none of them away.
 * https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#child-process
 */
function onChild(told: (child: ChildProcess) => void): void {
  subscribe('child_process', (message) => {
    if (typeof message !== 'object' || message === null || !('process' in message)) return;
    const child = message.process;
    if (child instanceof ChildProcess) told(child);
  });
}

/** From now on a program may end before it has read its input: @actions/exec would let that end this process too. */
export function tolerateUnreadInput(): void {
  onChild((child) => child.once('spawn', () => child.stdin?.on('error', () => undefined)));
}

/** The processes that this one has started since. */
export class ChildProcesses {
  readonly #running = new Set<ChildProcess>();

  constructor() {
    onChild((child) => {
      this.#running.add(child);
      child.once('close', () => this.#running.delete(child));
    });
  }

  /** Asks all of them to end, but those whose first argument is one of `spared`. */
  end(spared: readonly string[]): void {
    for (const child of this.#running) if (!spared.includes(child.spawnargs[1] ?? '')) child.kill('SIGTERM');
  }
}

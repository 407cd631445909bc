import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/**
 * Calls `onStart` with each process that this one starts, because @actions/exec does not return them.
 * https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#child-process
 */
function onChild(onStart: (child: ChildProcess) => void): void {
  subscribe('child_process', (message) => {
    if (typeof message !== 'object' || message === null || !('process' in message)) return;
    const child = message.process;
    if (child instanceof ChildProcess) onStart(child);
  });
}

/** From now on, a program may exit before it has read its input: with @actions/exec that would end this process too. */
export function tolerateUnreadInput(): void {
  onChild((child) => child.once('spawn', () => child.stdin?.on('error', () => undefined)));
}

/** The running processes that this one has started since the constructor was called. */
export class ChildProcesses {
  readonly #running = new Set<ChildProcess>();

  constructor() {
    onChild((child) => {
      this.#running.add(child);
      child.once('close', () => this.#running.delete(child));
    });
  }

  /** Sends SIGTERM to all of them except those whose first argument is one of `spared`. */
  end(spared: readonly string[]): void {
    for (const child of this.#running) if (!spared.includes(child.spawnargs[1] ?? '')) child.kill('SIGTERM');
  }
}

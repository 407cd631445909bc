import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/** The processes that this one has started: @actions/exec gives no way to end them. */
export class ChildProcesses {
  readonly #running = new Set<ChildProcess>();

  constructor() {
    // https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#child-process
    subscribe('child_process', (message) => {
      if (typeof message !== 'object' || message === null || !('process' in message)) return;
      const child = message.process;
      if (!(child instanceof ChildProcess)) return;
      this.#running.add(child);
      child.once('close', () => this.#running.delete(child));
    });
  }

  /** Asks all of them to end. */
  end(): void {
    for (const child of this.#running) child.kill('SIGTERM');
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A loopback port that is free when this returns. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}

export interface Daemon {
  readonly pid: number;
  /** Ends it by its id and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a server of a Debian package and waits until `ready` is true.
 *
 * @throws Error that names the package when the program is missing, or with its output when it does not get ready
 */
export async function startDaemon(
  command: string,
  args: readonly string[],
  options: {
    readonly debianPackage: string;
    readonly ready: () => Promise<boolean>;
    readonly env?: NodeJS.ProcessEnv;
  },
): Promise<Daemon> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  }
  const failed = new Promise<never>((_, reject) => {
    child.once('error', () =>
      reject(
        new Error(`${command} can't be started: install it with apt-get install ${options.debianPackage}`),
      ),
    );
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${output}`)));
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([failed, waitUntil(options.ready, `${command} did not get ready`)]);
  } catch (error) {
    if (child.pid !== undefined) await stop(child);
    throw error;
  }
  return { pid: child.pid ?? 0, stop: async () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(killer);
}

/** True once something accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

export async function waitUntil(test: () => Promise<boolean>, what: string, ms = 30_000): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await test().catch(() => false)) return;
    await delay(50);
  }
  throw new Error(`${what} within ${ms} ms`);
}

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type RunOptions, type RunOutcome, runAction } from '../../__tests__/support/run/runner.ts';

/** Resources that one run of a tool used, over all its processes. */
export interface Usage {
  /** When its process started, in milliseconds since 1970. */
  readonly start: number;
  readonly seconds: number;
  /** Seconds, user and system. */
  readonly cpu: number;
  /** Peak memory of the largest process. */
  readonly megabytes: number;
}

/** Runs the action and measures its main step. `file` is where `time` writes. @throws Error with the log if the step fails */
export async function useAction(
  options: Omit<RunOptions, 'wrapper' | 'onStart'>,
  file: string,
): Promise<Usage & { readonly run: RunOutcome }> {
  let start = 0;
  const run = await runAction({
    ...options,
    // `BENCH_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=DIR'` profiles the action.
    env: { ...options.env, NODE_OPTIONS: process.env['BENCH_NODE_OPTIONS'] ?? '' },
    wrapper: timed(file),
    onStart: () => (start = Date.now()),
  });
  if (run.exitCode !== 0) throw new Error(run.log);
  return { ...readTime(file), start, run };
}

/** Runs a command of the shell and measures it. @throws Error with the end of its output if it fails */
export async function useShell(
  command: string,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const start = Date.now();
  const [program, ...args] = timed(file);
  const child = spawn(program, [...args, 'sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${command} exited with code ${String(code)}: ${output}`);
  return { ...readTime(file), start };
}

/** True if `command` is on PATH. */
export function isOnPath(command: string): boolean {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function timed(file: string): [string, ...string[]] {
  return ['/usr/bin/time', '-o', file, '-f', '%e %U %S %M'];
}

function readTime(file: string): Omit<Usage, 'start'> {
  const [seconds = 0, user = 0, system = 0, kilobytes = 0] = (
    readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
  )
    .split(' ')
    .map(Number);
  return { seconds, cpu: user + system, megabytes: kilobytes / 1000 };
}

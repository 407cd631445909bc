/**
 * Measures how long the action takes from the start of its process to its first request, and to the end of a run that has
 * nothing to do. The bundle runs as a runner starts it; registries and GitHub are in this process. On a machine that does other
 * work too, the processor time says more than the time that passes.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { makeImage, pushImage } from '../../__tests__/support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import {
  type MemoryRegistry,
  startMemoryRegistry,
} from '../../__tests__/support/registries/memory-registry.ts';
import { runAction } from '../../__tests__/support/run/runner.ts';

/** The first run reads the bundle into the page cache, and is not counted. */
const RUNS = 20;
const AIM_MS = 300;

/** Milliseconds. */
interface Start {
  /** Of a Node process that does nothing, just before. */
  readonly node: number;
  /** From the start of the process to the first request to a registry or GitHub. */
  readonly firstRequest: number;
  /** Processor time of all its threads until then. Not a number except on Linux. */
  readonly processor: number;
  /** Of the whole process. */
  readonly end: number;
}

/** Runs the measurement and prints it. */
export async function benchStart(): Promise<void> {
  const [source, target, github] = await Promise.all([
    startMemoryRegistry({ google: true }),
    startMemoryRegistry(),
    startGitHub({ 'octo/meta': {} }),
  ]);
  try {
    await pushImage(source.url, 'ns/image', ['v1'], makeImage({ seed: 'start' }));
    const measured: Start[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const start = await measure(source, target, github);
      if (run > 0) measured.push(start);
    }
    print(
      'node -e ""',
      measured.map(({ node }) => node),
    );
    print(
      `first request (aim: ${AIM_MS} ms)`,
      measured.map(({ firstRequest }) => firstRequest),
    );
    print(
      'processor time until then',
      measured.map(({ processor }) => processor),
    );
    print(
      'end of a run with nothing to do',
      measured.map(({ end }) => end),
    );
  } finally {
    await Promise.all([source, target, github].map((server) => server.close()));
  }
}

async function measure(
  source: MemoryRegistry,
  target: MemoryRegistry,
  github: GitHubStandIn,
): Promise<Start> {
  const beforeNode = performance.now();
  spawnSync(process.execPath, ['-e', '']);
  const node = performance.now() - beforeNode;
  github.requests.length = 0;
  let started = 0;
  let child: ChildProcess | undefined;
  let first: number | undefined;
  let processor = Number.NaN;
  source.intercept = () => {
    if (first === undefined) {
      first = performance.now();
      processor = processorTime(child?.pid);
    }
    return false;
  };
  const { exitCode, log, duration } = await runAction({
    inputs: {
      namespaces: `${source.host}/ns`,
      target: `${target.host}/mirror`,
      engine: 'registry',
      cache: 'false',
    },
    apiUrl: github.url,
    token: TOKENS.write,
    onStart: (process) => {
      started = performance.now();
      child = process;
    },
  });
  if (exitCode !== 0 || first === undefined) throw new Error(log);
  const firstRequest = Math.min(first, ...github.requests.map(({ time }) => time)) - started;
  return { node, firstRequest, processor, end: duration };
}

/**
 * Milliseconds that all threads of a process have run. The first number of `schedstat` is in nanoseconds.
 * https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 */
function processorTime(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return Number.NaN;
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((id) =>
    Number.parseInt(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8'), 10),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

function print(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(0);
  console.log(
    `start, ${what}: median ${at(0.5)} ms, fastest ${at(0)} ms, slowest ${at(1)} ms (${times.length} runs)`,
  );
}

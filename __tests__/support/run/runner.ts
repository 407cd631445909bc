import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const Action = v.object({
  inputs: v.record(v.string(), v.object({ default: v.optional(v.string()) })),
  outputs: v.record(v.string(), v.unknown()),
  runs: v.object({ main: v.string(), post: v.string() }),
});

export type Action = v.InferOutput<typeof Action>;

/** action.yml as it is in this repository. */
export async function readAction(): Promise<Action> {
  return v.parse(Action, parse(await readFile(join(ROOT, 'action.yml'), 'utf8')));
}

export interface RunOptions {
  readonly inputs: Readonly<Record<string, string>>;
  readonly apiUrl: string;
  /** The token of the input `github-token`, unless that is set. */
  readonly token: string;
  /** The workflow's own token. Default: `token`. */
  readonly workflowToken?: string;
  /** The workflow's repository. */
  readonly repository?: string;
  readonly eventName?: string;
  /** The job's values of its matrix. Default: no matrix. */
  readonly matrix?: Readonly<Record<string, unknown>>;
  /** The event's payload. */
  readonly event?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the checkout, by path. Default: no checkout. */
  readonly checkout?: Readonly<Record<string, string>>;
  /** Links in the checkout, and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  /** A command and its arguments that run the main step, to measure it. */
  readonly wrapper?: readonly string[];
  /** Called with the process of the main step as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Cancels a job as the runner does: SIGINT, SIGTERM 7.5 seconds later, and SIGKILL after 2.5 more seconds. */
export function cancel(child: ChildProcess): void {
  child.kill('SIGINT');
  const timers = [
    setTimeout(() => child.kill('SIGTERM'), 7500),
    setTimeout(() => child.kill('SIGKILL'), 10_000),
  ];
  child.on('close', () => timers.forEach((timer) => clearTimeout(timer)));
}

/** Everything that a run left behind. */
export interface RunOutcome {
  readonly exitCode: number | null;
  /** Standard output and error, of the main step and then of `post`. */
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** The content of the state file. */
  readonly state: string;
  readonly summary: string;
  /** Messages of `::error::`, `::warning::` and `::notice::`. */
  readonly annotations: { readonly level: string; readonly message: string }[];
  /** The parsed JSON of the output `report`. */
  readonly report: unknown;
  /** Duration of the main step in milliseconds. */
  readonly duration: number;
  /** Names left in the runner's temporary folder after `post`. */
  readonly leftovers: string[];
}

/** Runs the bundle as GitHub's runner does: Node 24, `INPUT_*` and `GITHUB_*`, files for outputs, state and summary. */
export async function runAction(options: RunOptions): Promise<RunOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'runner-'));
  try {
    return await runIn(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, options: RunOptions): Promise<RunOutcome> {
  const { runs, inputs: declared } = await readAction();
  const temp = join(folder, 'temp');
  await mkdir(temp);
  await mkdir(join(folder, 'workspace'));
  const files = Object.fromEntries(
    await Promise.all(
      ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map(async (name) => {
        await writeFile(join(folder, name), '');
        return [`GITHUB_${name}`, join(folder, name)] as const;
      }),
    ),
  );
  for (const [path, text] of Object.entries(options.checkout ?? {})) {
    const file = join(folder, 'workspace', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  for (const [path, to] of Object.entries(options.links ?? {}))
    await symlink(to, join(folder, 'workspace', path));
  await writeFile(join(folder, 'event.json'), JSON.stringify(options.event ?? {}));
  const env = {
    ...runnerEnv(folder, temp, options),
    ...files,
    ...inputEnv(declared, options),
    ...options.env,
  };
  const started = performance.now();
  const main = await runNode(join(ROOT, runs.main), env, options);
  const duration = performance.now() - started;
  const state = await readFile(join(folder, 'STATE'), 'utf8');
  const stateEnv = Object.fromEntries(
    Object.entries(parseFile(state)).map(([name, value]) => [`STATE_${name}`, value]),
  );
  const outputs = parseFile(await readFile(join(folder, 'OUTPUT'), 'utf8'));
  const report: unknown = outputs['report']
    ? JSON.parse(await readFile(outputs['report'], 'utf8'))
    : undefined;
  const post = await runNode(join(ROOT, runs.post), { ...env, ...stateEnv });
  const leftovers = (await readdir(temp)).filter((name) => !name.startsWith('sync-action-report-'));
  return {
    exitCode: main.exitCode,
    log: main.log + post.log,
    outputs,
    state,
    summary: await readFile(join(folder, 'STEP_SUMMARY'), 'utf8'),
    annotations: Array.from(
      main.log.matchAll(/^::(error|warning|notice)(?: [^:]*)?::(.*)$/gm),
      ([, level = '', message = '']) => ({
        level,
        message: message.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%'),
      }),
    ),
    report,
    duration,
    leftovers,
  };
}

function runnerEnv(folder: string, temp: string, options: RunOptions): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    RUNNER_TEMP: temp,
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: options.apiUrl,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: options.repository ?? 'octo/meta',
    GITHUB_EVENT_NAME: options.eventName ?? 'schedule',
    GITHUB_RUN_ID: '1234567',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_JOB: 'mirror',
    GITHUB_WORKFLOW: 'mirror',
    GITHUB_ACTION: '__gcrxio_sync-action',
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_WORKSPACE: join(folder, 'workspace'),
  };
}

/** An input's variable: upper case, spaces to `_`, hyphens kept. Contexts in defaults are filled in. */
function inputEnv(declared: Action['inputs'], options: RunOptions): Record<string, string> {
  const unknown = Object.keys(options.inputs).filter((name) => !(name in declared));
  const { workflowToken = options.token } = options;
  if (unknown.length > 0) throw new Error(`action.yml has no input ${unknown.join(', ')}`);
  return Object.fromEntries(
    Object.entries(declared).map(([name, input]) => {
      const value = options.inputs[name] ?? input.default ?? '';
      const filled = value
        .replace('${{ github.repository }}', options.repository ?? 'octo/meta')
        .replace('${{ strategy.job-total }}', '1')
        .replace('${{ github.token }}', name === 'workflow-token' ? workflowToken : options.token)
        .replace('${{ toJSON(matrix) }}', JSON.stringify(options.matrix ?? null, null, 2));
      return [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, filled];
    }),
  );
}

async function runNode(
  script: string,
  env: Record<string, string>,
  { wrapper = [], onStart }: Pick<RunOptions, 'wrapper' | 'onStart'> = {},
): Promise<{ exitCode: number | null; log: string }> {
  const [command = process.execPath, ...args] = wrapper;
  if (command !== process.execPath) args.push(process.execPath);
  const child = spawn(command, [...args, script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onStart?.(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, log };
}

/** The runner's file commands: `name<<delimiter`, the value, the delimiter. */
function parseFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [, name = '', , value = ''] of text.matchAll(/^([^\n<]+)<<(\S+)\n([\s\S]*?)\n\2$/gm))
    values[name] = value;
  return values;
}

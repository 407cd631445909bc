import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitHub } from '../../__tests__/support/github/stand-in.ts';
import { TOKENS } from '../../__tests__/support/github/tokens.ts';
import { runAction } from '../../__tests__/support/run/runner.ts';
import type { DataSet } from './datasets.ts';

/** Resources that one run of a tool used, over all its processes. */
export interface Usage {
  readonly seconds: number;
  /** Seconds, user and system. */
  readonly cpu: number;
  /** Peak memory of the largest process. */
  readonly megabytes: number;
}

/** A tool that is set up to copy all repositories from one host to `mirror/` on another, repeatedly. */
interface Session {
  copy(): Promise<Usage>;
  close(): Promise<void>;
}

export interface Tool {
  readonly name: string;
  /** Program that must be on PATH. */
  readonly command: string;
  open(from: string, to: string, set: DataSet): Promise<Session>;
}

const AT_A_TIME = 10;

export const TOOLS: readonly Tool[] = [
  { name: 'sync-action', command: 'node', open: openAction },
  shellTool(
    'crane',
    (from, to) => `xargs -I@ crane copy --insecure --all-tags -j ${AT_A_TIME} ${from}/@ ${to}/mirror/@`,
  ),
  shellTool('gcrane', (from, to) => `xargs -I@ gcrane cp -r -j ${AT_A_TIME} ${from}/@ ${to}/mirror/@`),
  shellTool(
    'skopeo',
    (from, to) =>
      `xargs -P${AT_A_TIME} -I@ skopeo sync --all --preserve-digests --src docker --dest docker --src-tls-verify=false --dest-tls-verify=false ${from}/@ ${to}/mirror`,
  ),
  shellTool(
    'oras',
    (from, to) =>
      `xargs -P${AT_A_TIME} -I@ oras cp -r --from-plain-http --to-plain-http ${from}/@ ${to}/mirror/@`,
    (repository, tags) => tags.map((tag) => `${repository}:${tag}`),
  ),
];

async function openAction(from: string, to: string): Promise<Session> {
  const github = await startGitHub({ 'octo/meta': { empty: true } });
  const folder = mkdtempSync(join(tmpdir(), 'bench-action-'));
  const time = join(folder, 'time');
  return {
    copy: async () => {
      const run = await runAction({
        inputs: {
          namespaces: from,
          target: `${to}/mirror`,
          engine: 'registry',
          concurrency: String(AT_A_TIME),
        },
        apiUrl: github.url,
        token: TOKENS.write,
        wrapper: timed(time),
        // `--cpu-prof --cpu-prof-dir=DIR` profiles the action.
        env: { NODE_OPTIONS: process.env['BENCH_NODE_OPTIONS'] ?? '' },
      });
      if (run.exitCode !== 0) throw new Error(run.log);
      return readTime(time);
    },
    close: async () => {
      await github.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A tool that reads one name per line from standard input. */
function shellTool(
  name: string,
  command: (from: string, to: string) => string,
  lines: (repository: string, tags: readonly string[]) => readonly string[] = (repository) => [repository],
): Tool {
  return {
    name,
    command: name,
    open: async (from, to, set) => {
      const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
      const [time, names] = [join(folder, 'time'), join(folder, 'names')];
      writeFileSync(
        names,
        Array.from(set)
          .flatMap(([repository, tags]) => lines(repository, Array.from(tags.keys())))
          .join('\n'),
      );
      return {
        copy: async () => {
          await shell([...timed(time), 'sh', '-c', `${command(from, to)} < ${names}`]);
          return readTime(time);
        },
        close: async () => rmSync(folder, { recursive: true }),
      };
    },
  };
}

function timed(file: string): string[] {
  return ['/usr/bin/time', '-o', file, '-f', '%e %U %S %M'];
}

function readTime(file: string): Usage {
  const [seconds = 0, user = 0, system = 0, kilobytes = 0] = (
    readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
  )
    .split(' ')
    .map(Number);
  return { seconds, cpu: user + system, megabytes: kilobytes / 1000 };
}

async function shell([command = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${args.join(' ')} exited with code ${String(code)}: ${errors}`);
}

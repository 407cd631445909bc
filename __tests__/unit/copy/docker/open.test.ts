import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../../../src/action/sleep.ts';
import type { Exec } from '../../../../src/copy/docker/cli.ts';
import { openDockerEngine } from '../../../../src/copy/docker/open.ts';
import type { Engine } from '../../../../src/copy/engine.ts';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import { silentLogger } from '../../../support/fixtures/silent-logger.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-open-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const none: Engine = { width: 1, copy: async () => Promise.resolve(0), close: async () => {} };
const account: Credential = { username: 'me', password: 'pw', providedBy: 'the test' };

/** Commands that were run, and an engine that is being opened. */
function open(
  fails: (args: readonly string[]) => boolean,
  source: Credential = account,
): { commands: string[]; lines: string[]; opening: Promise<Engine> } {
  const commands: string[] = [];
  const lines: string[] = [];
  const exec: Exec = async (_, args, { input }) => {
    commands.push([...args, ...(input === undefined ? [] : [`< ${input}`])].join(' '));
    await new Promise((resolve) => setTimeout(resolve, args.includes('source.example') ? 20 : 0));
    return { exitCode: fails(args) ? 1 : 0, stdout: '', stderr: 'unauthorized' };
  };
  const opening = openDockerEngine({
    exec,
    env: {},
    userConfig: join(folder, 'none'),
    tempFolder: folder,
    logins: {
      source: new Map([['source.example', source]]),
      target: new Map([['target.example', account]]),
    },
    onFolder: () => {},
    indexEngine: none,
    sleep,
    concurrency: 1,
    logger: { ...silentLogger, info: (line) => void lines.push(line) },
    abort: new AbortController().signal,
  });
  return { commands, lines, opening };
}

describe('openDockerEngine', () => {
  it('checks the daemon, and logs in for both roles, with passwords on standard input', async () => {
    const { commands, opening } = open(() => false);
    await (await opening).close();
    expect(commands[0]).toMatch(/^version/);
    expect(commands.slice(1).toSorted()).toEqual([
      'login --username=me --password-stdin source.example < pw',
      'login --username=me --password-stdin target.example < pw',
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(['source.example', 'target.example'])(
    'leaves nothing when %s refuses the account',
    async (host) => {
      const { opening } = open((args) => args.includes(host));
      await expect(opening).rejects.toThrow(`${host} refuses the credentials from the test: check them`);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('continues without an account that is only a fallback', async () => {
    const { lines, opening } = open((args) => args.includes('source.example'), {
      ...account,
      fallback: true,
    });
    await (await opening).close();
    expect(lines).toEqual([
      expect.stringMatching(/^source\.example refuses .*docker continues without them$/),
    ]);
  });
});

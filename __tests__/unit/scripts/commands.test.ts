import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ReleasesStandIn, startReleases } from '../../support/github/releases.ts';
import { TOKENS } from '../../support/github/tokens.ts';

interface Finished {
  readonly exitCode: number;
  readonly output: string;
}

interface World {
  readonly github: ReleasesStandIn;
  readonly folder: string;
  /** Runs a script of scripts/ as a workflow does. */
  readonly run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Finished>;
}

async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const github = await startReleases();
  const folder = await mkdtemp(join(tmpdir(), 'commands-'));
  try {
    await test({
      github,
      folder,
      run: async ([script = '', ...args], more) => {
        const path = fileURLToPath(new URL(`../../../scripts/${script}`, import.meta.url));
        const { apiUrl, repository } = github;
        const env = {
          ...process.env,
          GITHUB_API_URL: apiUrl,
          GITHUB_REPOSITORY: repository,
          GITHUB_TOKEN: TOKENS.write,
          ...more,
        };
        return new Promise<Finished>((resolve) => {
          const child = execFile(process.execPath, [path, ...args], { env }, (_, stdout, stderr) =>
            resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr }),
          );
        });
      },
    });
  } finally {
    await github.close();
    await rm(folder, { recursive: true });
  }
}

async function writePrepared({ folder, github }: World): Promise<void> {
  await writeFile(join(folder, 'release.json'), JSON.stringify({ tag: 'v1.0.0', commit: github.head }));
  for (const name of ['notes.md', 'sbom.cdx.json', 'checksums.txt'])
    await writeFile(join(folder, name), name);
  await github.send('POST', '/git/refs', { ref: 'refs/tags/v1.0.0', sha: github.head });
}

describe('scripts/release.ts', () => {
  it('publishes if RELEASE_DRY_RUN is false', async () => {
    await inWorld(async (world) => {
      await writePrepared(world);
      const { exitCode, output } = await world.run(['release.ts', 'publish', '--from', world.folder], {
        RELEASE_DRY_RUN: 'false',
      });
      expect([exitCode, output]).toEqual([0, expect.stringContaining('Published v1.0.0')]);
      expect(await world.github.get('/releases')).toHaveLength(1);
    });
  });

  it('writes nothing if RELEASE_DRY_RUN is missing or anything else', async () => {
    await inWorld(async (world) => {
      await writePrepared(world);
      for (const dryRun of ['', 'true', 'no']) {
        const run = await world.run(['release.ts', 'publish', '--from', world.folder], {
          RELEASE_DRY_RUN: dryRun,
        });
        expect([run.exitCode, run.output]).toEqual([0, expect.stringContaining('Would publish v1.0.0')]);
      }
      expect(world.github.writes).toEqual([]);
    });
  });

  it('fails with the reason, and without a token in it', async () => {
    await inWorld(async (world) => {
      await writePrepared(world);
      const env = { RELEASE_DRY_RUN: 'false', GITHUB_TOKEN: 'ghs_wrong-token' };
      const { exitCode, output } = await world.run(['release.ts', 'publish', '--from', world.folder], env);
      expect([exitCode, output]).toEqual([1, expect.stringContaining('401: Bad credentials')]);
      expect(output).not.toContain('ghs_wrong-token');
    });
  });

  it('says how it is used', async () => {
    await inWorld(async ({ run }) => {
      const { exitCode, output } = await run(['release.ts']);
      expect([exitCode, output]).toEqual([1, expect.stringContaining('Usage: node scripts/release.ts')]);
    });
  });
});

describe('scripts/commit-dist.ts', () => {
  it('commits the folder to the branch of the pull request', async () => {
    await inWorld(async ({ github, folder, run }) => {
      await mkdir(join(folder, 'dist'));
      await writeFile(join(folder, 'dist', 'index.js'), 'built');
      const env = { HEAD_BRANCH: 'main', HEAD_SHA: github.head };
      const { exitCode, output } = await run(['commit-dist.ts', join(folder, 'dist')], env);
      expect([exitCode, output]).toEqual([0, expect.stringMatching(/^Committed [0-9a-f]{40} to main\.\n$/)]);
      expect(await github.get('/contents/dist/index.js')).toMatchObject({ type: 'file' });
    });
  });

  it('fails if the branch has moved on', async () => {
    await inWorld(async ({ github, folder, run }) => {
      await writeFile(join(folder, 'index.js'), 'built');
      await github.send('PUT', '/contents/later.txt', { message: 'later', content: '' });
      const { exitCode, output } = await run(['commit-dist.ts', folder], {
        HEAD_BRANCH: 'main',
        HEAD_SHA: github.head,
      });
      expect([exitCode, output]).toEqual([1, expect.stringContaining('not a fast-forward')]);
    });
  });
});

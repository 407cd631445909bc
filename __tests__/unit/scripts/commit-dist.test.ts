import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { commitFolder } from '../../../scripts/dist/commit.ts';
import { GitHubRepository } from '../../../scripts/release/github.ts';
import { type ReleasesStandIn, startReleases } from '../../support/github/releases.ts';
import { TOKENS } from '../../support/github/tokens.ts';

const Sha = v.object({ sha: v.string() });
const Content = v.object({ content: v.string() });
const Entries = v.array(v.object({ path: v.string() }));

interface World {
  readonly github: ReleasesStandIn;
  readonly head: () => Promise<string>;
  /** Commits these files as dist/. */
  readonly commitDist: (files: Record<string, string>, head?: string) => Promise<string | undefined>;
  readonly dist: () => Promise<Record<string, string>>;
}

async function inWorld(test: (world: World) => Promise<void>): Promise<void> {
  const github = await startReleases();
  const head = async (): Promise<string> => v.parse(Sha, await github.get('/commits/main')).sha;
  try {
    for (const [name, text] of [
      ['dist/index.js', 'old'],
      ['dist/gone.js', 'old'],
      ['src/index.ts', 'source'],
    ] as const)
      await github.send('PUT', `/contents/${name}`, {
        message: name,
        content: Buffer.from(text).toString('base64'),
      });
    await test({
      github,
      head,
      commitDist: async (files, expected) => {
        const folder = await mkdtemp(join(tmpdir(), 'dist-'));
        for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
        const { apiUrl, repository } = github;
        const api = new GitHubRepository({ apiUrl, repository, token: TOKENS.write });
        const options = { folder, path: 'dist', branch: 'main', message: 'dist: build' };
        try {
          return await commitFolder(api, { ...options, head: expected ?? (await head()) });
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      dist: async () => {
        const entries = v.parse(Entries, await github.get('/contents/dist'));
        const files = entries.map(async ({ path }): Promise<[string, string]> => {
          const { content } = v.parse(Content, await github.get(`/contents/${path}`));
          return [path, Buffer.from(content, 'base64').toString()];
        });
        return Object.fromEntries(await Promise.all(files));
      },
    });
    expect(github.violations).toEqual([]);
  } finally {
    await github.close();
  }
}

describe('commitFolder', () => {
  it('makes dist/ what was built in one commit, and leaves the rest as it is', async () => {
    await inWorld(async ({ github, head, commitDist, dist }) => {
      const before = await head();
      const commit = await commitDist({ 'index.js': 'new', 'cache.js': 'added' });
      expect(commit).toBe(await head());
      expect(await dist()).toEqual({ 'dist/cache.js': 'added', 'dist/index.js': 'new' });
      expect(await github.get(`/git/commits/${commit ?? ''}`)).toMatchObject({
        message: 'dist: build',
        parents: [{ sha: before }],
      });
      expect(await github.get('/contents/src/index.ts')).toMatchObject({ type: 'file' });
    });
  });

  it('commits nothing where dist/ is the same', async () => {
    await inWorld(async ({ github, commitDist }) => {
      expect(await commitDist({ 'index.js': 'old', 'gone.js': 'old' })).toBeUndefined();
      expect(github.writes).toEqual([]);
    });
  });

  it('sends only the files that changed', async () => {
    await inWorld(async ({ github, commitDist, dist }) => {
      await commitDist({ 'index.js': 'new', 'gone.js': 'old' });
      expect(await dist()).toEqual({ 'dist/gone.js': 'old', 'dist/index.js': 'new' });
      expect(github.writes.filter(({ path }) => path === '/git/blobs')).toHaveLength(1);
    });
  });

  it('refuses a branch that moved on', async () => {
    await inWorld(async ({ github, head, commitDist, dist }) => {
      const before = await head();
      await github.send('PUT', '/contents/later.txt', { message: 'later', content: '' });
      await expect(commitDist({ 'index.js': 'new' }, before)).rejects.toThrow('not a fast-forward');
      expect(await dist()).toEqual({ 'dist/gone.js': 'old', 'dist/index.js': 'old' });
    });
  });

  it('refuses an empty folder, which would remove dist/', async () => {
    await inWorld(async ({ github, commitDist }) => {
      await expect(commitDist({})).rejects.toThrow('has no files');
      expect(github.writes).toEqual([]);
    });
  });
});

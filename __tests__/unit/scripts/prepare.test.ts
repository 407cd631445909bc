import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareRelease } from '../../../scripts/release/prepare.ts';
import { type GitRepository, withGitRepository } from '../../support/fixtures/git-repository.ts';

const NODE = JSON.stringify(process.execPath);
const COMMANDS = { install: `${NODE} -e ""`, build: `${NODE} build.mjs` };
const BUILT = 'export const built = true;\n';

/** A repository that may be released as 1.2.3: its build writes a text, and it bundles one package. */
const FILES = {
  'package.json': '{"name":"sync-action","version":"1.2.3","type":"module"}',
  'package-lock.json': JSON.stringify({
    version: '1.2.3',
    packages: {
      '': { version: '1.2.3' },
      'node_modules/left': { version: '4.5.6', integrity: `sha512-${'A'.repeat(86)}==` },
    },
  }),
  'README.md': 'uses: gcrxio/sync-action@v1\n',
  'CHANGELOG.md':
    '# Changelog\n\n## [1.2.3] - 2026-11-30\n\n### Fixed\n\n- A bug.\n\n[1.2.3]: https://example.com\n',
  '.gitignore': 'node_modules/\n',
  'build.mjs': `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('dist', { recursive: true });
writeFileSync('dist/index.js', ${JSON.stringify(BUILT)});
`,
  'dist/index.js': BUILT,
  'src/index.ts': "import { left } from 'left';\nconsole.log(left);\n",
  'src/post.ts': 'console.log(1);\n',
};
const PACKAGE = {
  'node_modules/left/package.json':
    '{"name":"left","version":"4.5.6","license":"MIT","type":"module","exports":"./index.js"}',
  'node_modules/left/index.js': 'export const left = Date.now();\n',
};

interface Prepared {
  readonly repository: GitRepository;
  readonly prepare: (options?: { tag?: string; dryRun?: boolean }) => Promise<string>;
  /** A file that the step wrote. */
  readonly written: (name: string) => string;
}

async function inRepository(
  test: (prepared: Prepared) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withGitRepository(async (repository) => {
    await repository.commit({ ...FILES, ...files });
    await repository.write(PACKAGE);
    repository.git('push', '--quiet', 'origin', 'main');
    repository.git('tag', 'v1.2.3');
    const out = join(repository.root, '..', 'release');
    await test({
      repository,
      written: (name) => readFileSync(join(out, name), 'utf8'),
      prepare: async ({ tag = 'v1.2.3', dryRun = false } = {}) => {
        const lines: string[] = [];
        const { root } = repository;
        await prepareRelease({ root, tag, out, dryRun, log: (line) => lines.push(line), commands: COMMANDS });
        return lines.join('\n');
      },
    });
  });
}

describe('prepareRelease', () => {
  it('writes the bundle, the notes, the SBOM and the checksums', async () => {
    await inRepository(async ({ repository, prepare, written }) => {
      const log = await prepare();
      expect(log).toContain(
        "dist/ was built twice, in two folders, and is the commit's byte for byte (1 files)",
      );
      const commit = repository.git('rev-parse', 'HEAD');
      expect(JSON.parse(written('release.json'))).toEqual({ tag: 'v1.2.3', commit });
      expect(written('dist/index.js')).toBe(BUILT);
      expect(written('checksums.txt')).toMatch(/^[0-9a-f]{64} {2}dist\/index\.js\n$/);
      expect(written('notes.md')).toMatch(/^### Fixed\n\n- A bug\.\n/);
      expect(written('notes.md')).toContain(`gcrxio/sync-action@${commit} # v1.2.3`);
      expect(written('notes.md')).toContain('gh attestation verify dist/start.js --repo gcrxio/sync-action');
      expect(JSON.parse(written('sbom.cdx.json'))).toMatchObject({
        components: [{ purl: 'pkg:npm/left@4.5.6', licenses: [{ expression: 'MIT' }] }],
      });
    });
  });

  it('names everything that disagrees at once', async () => {
    await inRepository(async ({ repository, prepare }) => {
      repository.git('tag', 'v2.0.0');
      await repository.write({ 'src/left-over.ts': '' });
      const failure = await prepare({ tag: 'v2.0.0' }).then(String, String);
      expect(failure).toContain('Files differ from the commit: src/left-over.ts.');
      expect(failure).toContain('package.json has version 1.2.3, but the tag is v2.0.0');
      expect(failure).toContain('CHANGELOG.md has no section "## [2.0.0]');
      expect(failure).toContain('README.md names gcrxio/sync-action@v1');
    });
  });

  it('refuses a commit that the tag does not name, or that is on no branch of releases', async () => {
    await inRepository(async ({ repository, prepare }) => {
      const commit = await repository.commit({ 'notes.txt': 'later' });
      const failure = await prepare().then(String, String);
      expect(failure).toMatch(/v1\.2\.3 is [0-9a-f]{40}, but [0-9a-f]{40} is checked out/);
      expect(failure).toContain(`${commit} is on neither main nor a branch releases/…`);
    });
  });

  it('releases from a branch releases/v1', async () => {
    await inRepository(async ({ repository, prepare }) => {
      repository.git('checkout', '--quiet', '-b', 'releases/v1');
      await repository.commit({ 'notes.txt': 'a fix' });
      repository.git('tag', '--force', 'v1.2.3');
      repository.git('push', '--quiet', 'origin', 'releases/v1');
      await expect(prepare()).resolves.toContain('Wrote the notes');
    });
  });

  it('takes any commit and no tag in a dry run', async () => {
    await inRepository(async ({ repository, prepare }) => {
      repository.git('tag', '--delete', 'v1.2.3');
      await repository.commit({ 'notes.txt': 'not merged yet' });
      await expect(prepare({ dryRun: true })).resolves.toContain('agree');
    });
  });

  it('refuses a tag that is no version', async () => {
    await inRepository(async ({ prepare }) => {
      await expect(prepare({ tag: 'v1' })).rejects.toThrow('v1 is no version. Name the tag as v1.2.3');
    });
  });

  it('refuses a dist/ that src/ does not build to', async () => {
    const files = { 'dist/index.js': 'old\n', 'dist/gone.js': '' };
    await inRepository(async ({ prepare }) => {
      await expect(prepare()).rejects.toThrow('dist/index.js differs after a build');
    }, files);
  });

  it('refuses a build that depends on its folder', async () => {
    const build = FILES['build.mjs'].replace(
      /writeFileSync\(.*\)/,
      "writeFileSync('dist/index.js', process.cwd())",
    );
    await withGitRepository(async (repository) => {
      await repository.commit({ ...FILES, 'build.mjs': build, 'dist/index.js': repository.root });
      const out = join(repository.root, '..', 'release');
      const options = { root: repository.root, tag: 'v1.2.3', out, dryRun: true, log: () => undefined };
      await expect(prepareRelease({ ...options, commands: COMMANDS })).rejects.toThrow(
        'dist/index.js differs when it is built in another folder',
      );
    });
  });
});

import { execSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Checksums,
  checksumsOfCommit,
  checksumsOfFolder,
  describeDifferences,
} from '../dist/compare.ts';
import { readBundle } from '../dist/packages.ts';
import { readChangelogSection } from './changelog.ts';
import { findMismatches, readVersionedFiles } from './consistency.ts';
import { changedFiles, commitOf, git, isOnReleaseBranch } from './git.ts';
import { describeBundle } from './sbom.ts';
import { type Version, parseTag } from './version.ts';

export interface PrepareOptions {
  /** Of the repository. */
  readonly root: string;
  readonly tag: string;
  /** Folder that is written: `dist/`, `notes.md`, `sbom.cdx.json`, `checksums.txt` and `release.json`. */
  readonly out: string;
  /** The tag need not exist, and the commit may be on any branch. */
  readonly dryRun: boolean;
  readonly log: (line: string) => void;
  /** Commands that install the packages and build dist/ in a folder. */
  readonly commands?: { readonly install: string; readonly build: string };
}

/** What a release is made from: `release.json`. */
export interface PreparedRelease {
  readonly tag: string;
  /** SHA of the commit. */
  readonly commit: string;
}

const NPM = { install: 'npm ci --silent', build: 'npm run --silent build' };

/**
 * Checks that the tag may be released, and writes all that the release consists of.
 * @throws if anything disagrees, with everything that does
 */
export async function prepareRelease(options: PrepareOptions): Promise<void> {
  const { root, tag, out, log, commands = NPM } = options;
  const version = parseTag(tag);
  if (version === undefined) throw new Error(`${tag} is no version. Name the tag as v1.2.3 or v1.2.3-rc.1.`);
  const commit = git(root, 'rev-parse', 'HEAD');
  throwIfAny([...sourceProblems(options, commit), ...findMismatches(version, readVersionedFiles(root))]);
  log(`${tag}: package.json, package-lock.json, README, examples and CHANGELOG.md agree.`);

  const checksums = await buildTwice(root, commit, commands);
  log(`dist/ was built twice, in two folders, and is the commit's byte for byte (${checksums.size} files).`);

  mkdirSync(out, { recursive: true });
  cpSync(join(root, 'dist'), join(out, 'dist'), { recursive: true });
  const { notes } = readChangelogSection(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version.text);
  writeFileSync(join(out, 'notes.md'), `${notes}\n\n${verification(version, commit)}`);
  const { packages } = await readBundle(`${root}/`);
  const date = git(root, 'show', '--no-patch', '--format=%cI', commit);
  writeFileSync(
    join(out, 'sbom.cdx.json'),
    describeBundle({ version: version.text, commit, date }, packages),
  );
  const lines = Array.from(checksums, ([path, sum]) => `${sum}  dist/${path}\n`);
  writeFileSync(join(out, 'checksums.txt'), lines.join(''));
  writeFileSync(join(out, 'release.json'), `${JSON.stringify({ tag, commit } satisfies PreparedRelease)}\n`);
  log(`Wrote the notes, the SBOM of ${packages.length} packages and the checksums.`);
}

/** What stands against a release of the checked out commit. */
function sourceProblems({ root, tag, dryRun }: PrepareOptions, commit: string): string[] {
  const changed = changedFiles(root);
  const problems = changed.length > 0 ? [`Files differ from the commit: ${changed.join(', ')}.`] : [];
  if (dryRun) return problems;
  const tagged = commitOf(root, `refs/tags/${tag}`);
  if (tagged !== commit)
    problems.push(`${tag} is ${tagged ?? 'not a tag of this clone'}, but ${commit} is checked out.`);
  if (!isOnReleaseBranch(root, commit))
    problems.push(
      `${commit} is on neither main nor a branch releases/…. Merge it first, then tag the merged commit.`,
    );
  return problems;
}

/**
 * Builds dist/ here and in a fresh clone elsewhere: a build that depends on the folder, the time or what is left of
 * another build differs.
 * @returns the checksums that both and the commit have
 */
async function buildTwice(
  root: string,
  commit: string,
  { install, build }: { readonly install: string; readonly build: string },
): Promise<Checksums> {
  const committed = checksumsOfCommit(root, commit, 'dist');
  execSync(build, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const here = describeDifferences(committed, checksumsOfFolder(join(root, 'dist')));
  throwIfAny(here.map((problem) => `dist/${problem} after a build. Commit what src/ builds to.`));
  const parent = mkdtempSync(join(tmpdir(), 'release-'));
  const clone = join(parent, 'another-folder');
  try {
    git(parent, 'clone', '--quiet', '--no-checkout', root, clone);
    git(clone, 'checkout', '--quiet', '--detach', commit);
    rmSync(join(clone, 'dist'), { recursive: true, force: true });
    for (const command of [install, build])
      execSync(command, { cwd: clone, stdio: ['ignore', 'ignore', 'inherit'] });
    const there = describeDifferences(committed, checksumsOfFolder(join(clone, 'dist')));
    throwIfAny(there.map((problem) => `dist/${problem} when it is built in another folder.`));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
  return committed;
}

/** Ends the notes: how to pin the release and how to verify it. */
function verification({ tag, text }: Version, commit: string): string {
  return [
    '### Pin and verify',
    '',
    '```yaml',
    `- uses: gcrxio/sync-action@${commit} # ${tag}`,
    '```',
    '',
    '```sh',
    `git clone --depth 1 --branch ${tag} https://github.com/gcrxio/sync-action`,
    'cd sync-action',
    'gh attestation verify dist/start.js --repo gcrxio/sync-action \\',
    `  --signer-workflow gcrxio/sync-action/.github/workflows/release.yml --source-ref refs/tags/${tag}`,
    '```',
    '',
    `\`sbom.cdx.json\` lists the packages that version ${text} bundles, \`checksums.txt\` the files of \`dist/\`.`,
    '',
  ].join('\n');
}

function throwIfAny(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.map((problem) => `- ${problem}`).join('\n'));
}

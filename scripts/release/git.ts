import { execFileSync } from 'node:child_process';

/** Runs git in a folder and returns what it printed. @throws if git fails, with what it printed as an error */
export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** The commit that a revision names, undefined where there is none. */
export function commitOf(folder: string, revision: string): string | undefined {
  try {
    return git(folder, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  } catch {
    return undefined;
  }
}

/** Whether `origin/main` or a branch `origin/releases/…` has a commit: only what was reviewed is released. */
export function isOnReleaseBranch(folder: string, commit: string): boolean {
  const branches = git(folder, 'branch', '--remotes', '--contains', commit, '--format=%(refname:lstrip=3)');
  return branches.split('\n').some((branch) => branch === 'main' || branch.startsWith('releases/'));
}

/** Paths of files that differ from the commit, or are in none. */
export function changedFiles(folder: string): string[] {
  const status = git(folder, 'status', '--porcelain');
  return status === '' ? [] : status.split('\n').map((line) => line.replace(/^\s*\S+\s+/, ''));
}

/** The bytes of a file as a commit holds it. */
export function readBlob(folder: string, commit: string, path: string): Buffer {
  return execFileSync('git', ['-C', folder, 'cat-file', 'blob', `${commit}:${path}`], {
    maxBuffer: 100_000_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

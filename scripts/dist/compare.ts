import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { git, readBlob } from '../release/git.ts';

/** Hex SHA-256 of each file, by its path in a folder with `/`. */
export type Checksums = ReadonlyMap<string, string>;

/** Of the files that a folder holds. */
export function checksumsOfFolder(folder: string): Checksums {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1).replaceAll('\\', '/'));
  return new Map(paths.toSorted().map((path) => [path, sha256(readFileSync(join(folder, path)))]));
}

/** Of the files that a commit holds in a folder of the repository. */
export function checksumsOfCommit(repository: string, commit: string, folder: string): Checksums {
  const listing = git(repository, 'ls-tree', '-r', '--name-only', commit, '--', `${folder}/`);
  const paths = listing === '' ? [] : listing.split('\n');
  return new Map(
    paths.map((path) => [path.slice(folder.length + 1), sha256(readBlob(repository, commit, path))]),
  );
}

/** One sentence for each file that is not the same in both; empty if all are. */
export function describeDifferences(expected: Checksums, found: Checksums): string[] {
  const paths = Array.from(new Set([...expected.keys(), ...found.keys()])).toSorted();
  return paths
    .filter((path) => expected.get(path) !== found.get(path))
    .map((path) => {
      if (!expected.has(path)) return `${path} is new`;
      return found.has(path) ? `${path} differs` : `${path} is missing`;
    });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

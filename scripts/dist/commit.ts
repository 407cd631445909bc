import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GitHubRepository, listAt, textAt } from '../release/github.ts';
import { checksumsOfFolder } from './compare.ts';

interface FolderCommit {
  /** Local folder whose files are committed. */
  readonly folder: string;
  /** What it is called in the repository: one part, without `/`. */
  readonly path: string;
  readonly branch: string;
  /** SHA of the commit that the branch has. If it has another by now, nothing is committed. */
  readonly head: string;
  readonly message: string;
}

/**
 * Makes a folder of the branch equal to a local one, in one commit; files that are not in the local one are removed.
 * Neither author nor committer is named, so the commit of a bot's token is Verified.
 * @returns the SHA of the new commit; undefined if the branch has those files already
 * @throws if the branch has moved on, or if GitHub refuses
 */
export async function commitFolder(github: GitHubRepository, options: FolderCommit): Promise<string | undefined> {
  const { folder, path, branch, head, message } = options;
  const parentTree = textAt(await github.get(`/git/commits/${head}`), 'tree', 'sha');
  const root = treeEntries(await github.get(`/git/trees/${parentTree}`));
  const before = root.find((entry) => entry.path === path)?.sha;
  const known =
    before === undefined ? [] : treeEntries(await github.get(`/git/trees/${before}`));
  const files = Array.from(checksumsOfFolder(folder).keys());
  if (files.length === 0) throw new Error(`${folder} has no files`);
  const entries = [];
  for (const file of files) entries.push(await entryOf(github, join(folder, file), file, known));
  const isSame = known.length === entries.length && entries.every(({ isNew }) => !isNew);
  if (isSame) return undefined;
  const tree = await github.send('POST', '/git/trees', { tree: entries.map(({ entry }) => entry) });
  const newRoot = await github.send('POST', '/git/trees', {
    base_tree: parentTree,
    tree: [{ path, mode: '040000', type: 'tree', sha: textAt(tree, 'sha') }],
  });
  const commit = await github.send('POST', '/git/commits', {
    message,
    tree: textAt(newRoot, 'sha'),
    parents: [head],
  });
  const sha = textAt(commit, 'sha');
  // Without force: refused unless the branch still has `head`.
  await github.send('PATCH', `/git/refs/heads/${branch}`, { sha, force: false });
  return sha;
}

interface TreeEntry {
  readonly path: string;
  readonly sha: string;
}

function treeEntries(tree: unknown): TreeEntry[] {
  return listAt(tree, 'tree').map((entry) => ({ path: textAt(entry, 'path'), sha: textAt(entry, 'sha') }));
}

/** Uploads a file unless the folder has it already. */
async function entryOf(
  github: GitHubRepository,
  file: string,
  path: string,
  known: readonly TreeEntry[],
): Promise<{ readonly isNew: boolean; readonly entry: Readonly<Record<string, string>> }> {
  const bytes = readFileSync(file);
  const sha = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const isNew = !known.some((entry) => entry.path === path && entry.sha === sha);
  if (isNew)
    await github.send('POST', '/git/blobs', { content: bytes.toString('base64'), encoding: 'base64' });
  return { isNew, entry: { path, mode: '100644', type: 'blob', sha } };
}

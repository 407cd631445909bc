import pLimit from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { allOrThrow } from '../../oci/async.ts';
import { referrersTagSubject } from '../../oci/digest-tags.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import {
  type ListEntry,
  listEntries,
  includesAll,
  readReferrer,
  uniteList,
} from '../../oci/referrers-list.ts';
import { MAX_REFERRERS } from '../../oci/referrers.ts';
import type { CopyObserver, CopyTask } from '../engine.ts';
import { type TargetState, ManifestCopy, copyReferrer } from './manifest-copy.ts';

/** Number of manifests of one list that are copied at the same time. */
const CONCURRENCY = 4;

/**
 * Copies a referrers list that the source keeps under a tag, and the manifests in it. Whatever else the target lists, such as the
 * mirror's own signatures, stays in its list. Entries whose manifest the source no longer has are left out: many registries would
 * refuse the list.
 *
 * @returns number of bytes sent
 */
export async function copyList(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  entries: readonly ListEntry[],
  observer: CopyObserver,
): Promise<number> {
  const { target } = task;
  const copy = new ManifestCopy(task, state);
  const present = await copyEntries(task, state, entries, copy).finally(() => copy.close());
  for (const tag of task.tags) {
    const subject = referrersTagSubject(tag);
    if (subject === undefined) continue;
    await observer.beforeOverwrite(tag);
    let added: readonly ListEntry[] = [];
    const list = await state.lists.change(target.repository, subject, (before) => {
      const known = (before && listEntries(before)) ?? [];
      added = present.filter((entry) => !includesAll(known, [entry]));
      if (before && added.length === 0) return before;
      const isSame = present.length === entries.length && includesAll(entries, known);
      return isSame ? source : uniteList(before, present);
    });
    observer.onReferrersCopied(state.lists.countNew(target.repository, added));
    observer.onTagVerified(tag, { digest: list.digest });
  }
  return copy.sent;
}

/** @returns those of `entries` whose manifests the source has */
async function copyEntries(
  task: CopyTask,
  state: TargetState,
  entries: readonly ListEntry[],
  copy: ManifestCopy,
): Promise<ListEntry[]> {
  const { client, repository, digest } = task.source;
  if (entries.length > MAX_REFERRERS) {
    const name = `${client.registry}/${repository}@${digest}`;
    throw new CopyError(`${name} lists more than ${MAX_REFERRERS} manifests`, { retryable: false });
  }
  const limit = pLimit(CONCURRENCY);
  const missing = new Set<ListEntry>();
  await allOrThrow(
    entries.map(async (entry) =>
      limit(async () => {
        const manifest = await client.getManifest(repository, entry.digest);
        if (!manifest) return missing.add(entry);
        return copyReferrer(task, state, copy, manifest, readReferrer(manifest)?.subject ?? manifest.digest);
      }),
    ),
  );
  return entries.filter((entry) => !missing.has(entry));
}

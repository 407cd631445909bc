import pLimit from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { allOrThrow } from '../../oci/async.ts';
import type { RegistryClient } from '../../oci/client.ts';
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
import type { Member } from '../meetings.ts';
import { copyFound, copyReferrer } from './found-manifests.ts';
import { ManifestCopy } from './manifest-copy.ts';
import type { TargetState } from './target-state.ts';

/** Number of manifests of one list that are copied at the same time. */
const CONCURRENCY = 4;

/**
 * Copies a referrers list that the source keeps under a tag, and the manifests in it. Whatever else the target lists, such as the
 * mirror's own signatures, stays in its list. Entries whose manifest the source no longer has are left out: many registries would
 * refuse the list.
 *
 * @param member its part in the meeting of the copies that read the same
 * @returns number of bytes sent
 */
export async function copyList(
  task: CopyTask,
  state: TargetState,
  { source, entries }: { readonly source: RawManifest; readonly entries: readonly ListEntry[] },
  observer: CopyObserver,
  member?: Member<RegistryClient>,
): Promise<number> {
  const { target } = task;
  const copy = new ManifestCopy(task, state, member);
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
  const isPresent = await allOrThrow(
    entries.map(async (entry) =>
      copyFound(
        copy,
        limit,
        async () => client.getManifest(repository, entry.digest),
        async (manifest) => {
          const subject = readReferrer(manifest)?.subject ?? manifest.digest;
          await copyReferrer(task, state, copy, manifest, subject);
          return true;
        },
      ),
    ),
  );
  return entries.filter((_, index) => isPresent[index] === true);
}

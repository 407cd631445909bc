import pLimit from 'p-limit';
import { CopyError } from '../../mirror/copy-error.ts';
import { allOrThrow } from '../../oci/async.ts';
import { referrersTagSubject } from '../../oci/digest-tags.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import { type ListEntry, listEntries, includesAll, uniteList } from '../../oci/referrers-list.ts';
import { MAX_REFERRERS } from '../../oci/referrers.ts';
import type { CopyTask } from '../engine.ts';
import { type TargetState, type CopyEvents, ManifestCopy } from './manifest-copy.ts';

/** Manifests of one list that are copied at a time. */
const AT_A_TIME = 4;

/**
 * Copies a list of referrers that the source keeps under its tag, with what it lists. What the target lists besides,
 * such as signatures of the mirror's own, stays there. Entries whose manifests the source does not have any more, as
 * lists may have them, are left out: many registries would refuse the list.
 *
 * @returns bytes sent
 */
export async function copyList(
  task: CopyTask,
  state: TargetState,
  source: RawManifest,
  entries: readonly ListEntry[],
  { onTagVerified, onReferrersCopied }: CopyEvents,
): Promise<number> {
  const { target } = task;
  const copy = new ManifestCopy(task, state);
  const there = await bringEntries(task, entries, copy);
  for (const tag of task.tags) {
    const subject = referrersTagSubject(tag);
    if (subject === undefined) continue;
    await task.beforeOverwrite(tag);
    let added: readonly ListEntry[] = [];
    const list = await state.lists.change(target.repository, subject, (before) => {
      const known = (before && listEntries(before)) ?? [];
      added = there.filter((entry) => !includesAll(known, [entry]));
      if (before && added.length === 0) return before;
      const isSame = there.length === entries.length && includesAll(entries, known);
      return isSame ? source : uniteList(before, there);
    });
    onReferrersCopied(state.lists.countNew(target.repository, added));
    onTagVerified(tag, { digest: list.digest });
  }
  return copy.sent;
}

/** @returns those of `entries` whose manifests the source has */
async function bringEntries(
  { source: { client, repository, digest } }: CopyTask,
  entries: readonly ListEntry[],
  copy: ManifestCopy,
): Promise<ListEntry[]> {
  if (entries.length > MAX_REFERRERS) {
    const name = `${client.registry}/${repository}@${digest}`;
    throw new CopyError(`${name} lists more than ${MAX_REFERRERS} manifests`, { retryable: false });
  }
  const limit = pLimit(AT_A_TIME);
  const gone = new Set<ListEntry>();
  await allOrThrow(
    entries.map(async (entry) =>
      limit(async () => {
        const manifest = await client.getManifest(repository, entry.digest);
        if (!manifest) return gone.add(entry);
        return copy.bring(manifest);
      }),
    ),
  );
  return entries.filter((entry) => !gone.has(entry));
}

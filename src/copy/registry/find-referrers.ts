import { allOrThrow } from '../../oci/async.ts';
import { cosignTags, referrersTag } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { listEntries } from '../../oci/referrers-list.ts';
import { type ListedReferrer, distinct, listReferrers } from '../../oci/referrers.ts';
import type { CopyTask, ReferrersTask } from '../engine.ts';
import { fetchList } from './referrers-lists.ts';

/** What refers to some manifests, by these. Those that nothing refers to are left out. */
export type Referrers = ReadonlyMap<Digest, readonly ListedReferrer[]>;

/** Asks the source what refers to each of `subjects`. */
export async function findReferrers(
  source: CopyTask['source'],
  referrers: ReferrersTask,
  subjects: Iterable<Digest>,
): Promise<Referrers> {
  const found = await allOrThrow(
    Array.from(new Set(subjects), async (subject) => {
      const listed = await listAtSource(source, referrers, subject);
      return [subject, listed.filter(({ mediaType }) => !mediaType || isManifestType(mediaType))] as const;
    }),
  );
  return new Map(found.filter(([, listed]) => listed.length > 0));
}

/** The tags of cosign's that are about `subjects`, and that nothing else brings: images inside of an index have no tag. */
export function cosignTagsOf({ unmatchedDigestTags }: ReferrersTask, subjects: Iterable<Digest>): string[] {
  return Array.from(subjects).flatMap((subject) =>
    cosignTags(subject).filter((tag) => unmatchedDigestTags.has(tag)),
  );
}

async function listAtSource(
  { client, repository }: CopyTask['source'],
  { sourceTags }: ReferrersTask,
  subject: Digest,
): Promise<readonly ListedReferrer[]> {
  const listed = await listReferrers(client, repository, subject);
  if (listed && listed.length > 0) return listed;
  // An API that was switched on later may not know what clients kept under the tag before.
  if (!sourceTags.has(referrersTag(subject))) return [];
  const list = await fetchList(client, repository, subject);
  return distinct((list && listEntries(list)) ?? [], subject);
}

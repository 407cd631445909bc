import { allOrThrow } from '../../oci/async.ts';
import { cosignTags, referrersTag } from '../../oci/digest-tags.ts';
import type { Digest } from '../../oci/digest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { listEntries } from '../../oci/referrers-list.ts';
import { type ListedReferrer, distinct } from '../../oci/referrers.ts';
import type { CopyTask, ReferrersTask } from '../engine.ts';
import { listSourceReferrers } from '../shared-source.ts';
import { fetchList } from './referrers-lists.ts';

/** The referrers of several manifests, by subject. Manifests without referrers are not in it. */
export type Referrers = ReadonlyMap<Digest, readonly ListedReferrer[]>;

/** Looks up the referrers of each of `subjects` at the source. */
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

/**
 * The tags that cosign keeps for `subjects` and that nothing else copies: images inside an index have no tag of their own that a
 * filter could match.
 */
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
  const listed = await listSourceReferrers(client, repository, subject);
  if (listed && listed.length > 0) return listed;
  // An API that was enabled later may not know the referrers that clients listed under the tag before.
  if (!sourceTags.has(referrersTag(subject))) return [];
  const list = await fetchList(client, repository, subject);
  return distinct((list && listEntries(list)) ?? [], subject);
}

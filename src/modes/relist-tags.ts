import type { Outcome } from '../copy/pool.ts';
import { type Work, WorkBuilder } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';

/** An outcome whose digest the source does not have, after its tags were looked up again. */
export interface Relisted {
  /** Work for the tags that now name another digest. */
  readonly moved: readonly Work[];
  /** The outcome of the tags that did not move. */
  readonly outcome: Outcome;
}

/**
 * Looks up the tags of `outcome` again, whose digest the source listed and does not have: they moved and the old digest was
 * deleted, or the answer to a HEAD was wrong. When the lookup fails, no tag counts as moved.
 */
export async function relistTags(outcome: Outcome, client: RegistryClient): Promise<Relisted> {
  const { work, verifiedTags, error, ...rest } = outcome;
  const moved = await findMoved(work, verifiedTags, client).catch(() => []);
  if (moved.length === 0) return { moved, outcome };
  const unmoved = withoutTags(work, moved);
  const isDone = [...unmoved.added, ...unmoved.updated].every((tag) => verifiedTags.has(tag));
  return {
    moved,
    outcome: { ...rest, work: unmoved, verifiedTags, ...(error !== undefined && !isDone && { error }) },
  };
}

/** @throws RegistryError */
async function findMoved(
  work: Work,
  verified: Outcome['verifiedTags'],
  client: RegistryClient,
): Promise<Work[]> {
  const { repository, descriptor } = work;
  const builder = new WorkBuilder();
  for (const kind of ['added', 'updated'] as const) {
    for (const tag of work[kind]) {
      const head = verified.has(tag) ? undefined : await client.headManifest(repository, tag);
      if (!head || head.digest === descriptor.digest) continue;
      const moved = { digest: head.digest, mediaType: head.mediaType };
      builder.add({ ...work, descriptor: moved }, kind, tag);
    }
  }
  return builder.build();
}

/** `work` without the tags of `others`. */
function withoutTags(work: Work, others: readonly Work[]): Work {
  const moved = new Set(others.flatMap(({ added, updated }) => [...added, ...updated]));
  const isUnmoved = (tag: string): boolean => !moved.has(tag);
  return { ...work, added: work.added.filter(isUnmoved), updated: work.updated.filter(isUnmoved) };
}

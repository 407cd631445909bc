import { type Work, WorkBuilder } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';

/**
 * Asks once more what `tags` are, which the source listed with a digest that it does not have: they moved and what they
 * were is deleted, or the answer to a HEAD was wrong.
 *
 * @returns the work that there is for those of another digest
 * @throws RegistryError
 */
export async function relistTags(
  work: Work,
  tags: ReadonlySet<string>,
  client: RegistryClient,
): Promise<Work[]> {
  const { image, repository, descriptor } = work;
  const builder = new WorkBuilder();
  for (const kind of ['added', 'updated'] as const) {
    for (const tag of work[kind]) {
      const head = tags.has(tag) ? await client.headManifest(repository, tag) : undefined;
      if (!head || head.digest === descriptor.digest) continue;
      builder.add(image, repository, { digest: head.digest, mediaType: head.mediaType }, kind, tag);
    }
  }
  return builder.build();
}

/** What is left of `work` without that of `others`. */
export function withoutTags(work: Work, others: readonly Work[]): Work {
  const gone = new Set(others.flatMap(({ added, updated }) => [...added, ...updated]));
  const isLeft = (tag: string): boolean => !gone.has(tag);
  return { ...work, added: work.added.filter(isLeft), updated: work.updated.filter(isLeft) };
}

import type { Outcome } from '../copy/pool.ts';
import { SharedSources } from '../copy/shared-source.ts';
import { type Work, WorkBuilder } from '../mirror/work.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';
import type { Deps } from './deps.ts';
import type { OnDone, PlannedWork } from './retry-rounds.ts';

/**
 * Copies `works`, then looks up the tags again whose listed digest the source did not have, and copies what they are now. A tag is
 * looked up once for all targets.
 *
 * @param copy copies works, and calls the function it is given for each of them
 */
export async function copyAndRelist(
  works: readonly PlannedWork[],
  onDone: OnDone,
  { registries }: Pick<Deps, 'registries'>,
  copy: (works: readonly PlannedWork[], onDone: OnDone) => Promise<void>,
): Promise<void> {
  const missing: { readonly plan: NamespacePlan; readonly outcome: Outcome }[] = [];
  const again: PlannedWork[] = [];
  await copy(works, (plan, outcome) => {
    if (outcome.isPostponed === true) again.push({ plan, work: remainderOf(outcome) });
    if (outcome.isMissingAtSource === true) missing.push({ plan, outcome });
    else onDone(plan, outcome);
  });
  const sources = new SharedSources();
  for (const { plan, outcome } of missing) {
    const { registry } = plan.settings.namespace;
    const relisted = await relistTags(outcome, sources.of(registries.source(registry)));
    onDone(plan, relisted.outcome);
    for (const work of relisted.moved) again.push({ plan, work });
  }
  // Tags that could not be announced are tried once more, and then left to the next run.
  await copy(again, onDone);
}

/** The work without the tags that are verified. */
function remainderOf({ work, verifiedTags }: Outcome): Work {
  const left = (tags: readonly string[]): string[] => tags.filter((tag) => !verifiedTags.has(tag));
  return { ...work, added: left(work.added), updated: left(work.updated) };
}

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

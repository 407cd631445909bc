import type { UnloggedTags } from '../mirror/record-entry.ts';
import type { NamespacePlan } from '../plan/namespace-plan.ts';

/**
 * Tags that are recorded, and that the changelog does not name yet. A checkpoint marks them in the namespace manifest, and the
 * run that writes the changelog removes the marks: what a killed run leaves, the next one names.
 */

/** Tags by image, whatever is known of them. */
export type TagSets = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

type MutableUnlogged = Map<string, Map<string, 'added' | 'updated'>>;

/** Anything that says which tags were added and updated: copied images, pieces of work. */
interface NamedTags {
  readonly image: string;
  readonly added: readonly string[];
  readonly updated: readonly string[];
}

export function unloggedOf(all: readonly NamedTags[]): UnloggedTags {
  const found: MutableUnlogged = new Map();
  for (const { image, added, updated } of all) {
    const tags = found.get(image) ?? new Map<string, 'added' | 'updated'>();
    for (const tag of added) tags.set(tag, 'added');
    for (const tag of updated) tags.set(tag, 'updated');
    if (tags.size > 0) found.set(image, tags);
  }
  return found;
}

/** The tags by image, sorted, for the changelog. */
export function namedTags(unlogged: UnloggedTags): NamedTags[] {
  const tagsOf = (tags: ReadonlyMap<string, string>, kind: string): string[] =>
    Array.from(tags)
      .filter(([, one]) => one === kind)
      .map(([tag]) => tag)
      .toSorted();
  return Array.from(unlogged, ([image, tags]) => ({
    image,
    added: tagsOf(tags, 'added'),
    updated: tagsOf(tags, 'updated'),
  })).toSorted((a, b) => (a.image < b.image ? -1 : 1));
}

/** @returns `base` itself when nothing changes */
export function markUnlogged(
  base: UnloggedTags | undefined,
  more: UnloggedTags | undefined,
): UnloggedTags | undefined {
  let marked: MutableUnlogged | undefined;
  for (const [image, tags] of more ?? []) {
    const known = (marked ?? base)?.get(image);
    // A tag that was added and moved again was added, as far as the changelog is concerned.
    const news = Array.from(tags).filter(([tag]) => known?.has(tag) !== true);
    if (news.length === 0) continue;
    marked ??= copyOf(base);
    marked.set(image, new Map([...(known ?? []), ...news]));
  }
  return marked ?? base;
}

/** @returns `base` itself when nothing changes */
export function unmarkUnlogged(
  base: UnloggedTags | undefined,
  tags: TagSets | undefined,
): UnloggedTags | undefined {
  let left: MutableUnlogged | undefined;
  for (const [image, logged] of tags ?? []) {
    const known = (left ?? base)?.get(image);
    if (!known) continue;
    const kept = Array.from(known).filter(([tag]) => !logged.has(tag));
    if (kept.length === known.size) continue;
    left ??= copyOf(base);
    if (kept.length > 0) left.set(image, new Map(kept));
    else left.delete(image);
  }
  return left ?? base;
}

/** The tags for which `isWanted` holds. */
export function filterUnlogged(
  unlogged: UnloggedTags | undefined,
  isWanted: (image: string, tag: string) => boolean,
): UnloggedTags {
  const found: MutableUnlogged = new Map();
  for (const [image, tags] of unlogged ?? []) {
    const wanted = Array.from(tags).filter(([tag]) => isWanted(image, tag));
    if (wanted.length > 0) found.set(image, new Map(wanted));
  }
  return found;
}

/** The tags of both. */
export function joinTags(some: TagSets | undefined, others: TagSets): TagSets {
  const joined = new Map(some);
  for (const [image, tags] of others) joined.set(image, new Map([...(joined.get(image) ?? []), ...tags]));
  return joined;
}

/** Tags that earlier runs left unnamed and whose content in the target is known. */
export function earlierTags(
  { unlogged, recorded, adopted }: Pick<NamespacePlan, 'unlogged' | 'recorded' | 'adopted'>,
  own: UnloggedTags,
): UnloggedTags {
  return filterUnlogged(unlogged, (image, tag) => {
    const entry = adopted.get(image)?.get(tag) ?? recorded.images.get(image)?.get(tag);
    return (entry !== undefined && entry !== null) || own.get(image)?.has(tag) === true;
  });
}

function copyOf(unlogged: UnloggedTags | undefined): MutableUnlogged {
  return new Map(Array.from(unlogged ?? [], ([image, tags]) => [image, new Map(tags)]));
}

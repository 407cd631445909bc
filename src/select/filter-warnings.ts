import { plural } from '../mirror/format.ts';
import { countListed } from '../mirror/listing.ts';
import { namedImages } from '../mirror/patterns.ts';
import { type Shard, isWhole } from '../mirror/shard.ts';
import type { Listed } from './listed.ts';

/**
 * Warns of filters that are likely a mistake, given what the sources have. In a matrix, only the job of the first shard
 * warns.
 */
export function warnOfFilters(
  listed: readonly Listed[],
  { shard, include }: { readonly shard: Shard; readonly include: readonly string[] },
): string[] {
  if (!isWhole(shard) && shard.first > 0) return [];
  const isPart = namedImages(include) !== undefined;
  const isIncomplete = listed.some(({ listing }) => listing.failures.length > 0);
  return [
    ...(isIncomplete ? [] : unusedPatterns(listed, isPart)),
    ...listed.flatMap((one) => [...warnOfEmptySelection(one), ...warnOfMissingTimes(one)]),
  ];
}

/** Patterns that match nothing in any of the namespaces that they apply to. */
function unusedPatterns(listed: readonly Listed[], isPart: boolean): string[] {
  const unused = new Map<string, boolean>();
  for (const { filters, settings } of listed) {
    const own = new Set(filters.unusedPatterns());
    // A job that lists some images only can't know what no image has.
    const all = [...settings.filters.include.flat(), ...(isPart ? [] : settings.filters.exclude)];
    for (const pattern of all) unused.set(pattern, (unused.get(pattern) ?? true) && own.has(pattern));
  }
  return Array.from(unused)
    .filter(([, isUnused]) => isUnused)
    .map(([pattern]) => `The pattern ${JSON.stringify(pattern)} in "include" or "exclude" matches nothing`);
}

function warnOfEmptySelection({ name, listing, selection }: Listed): string[] {
  if (selection.listing.images.size > 0 || listing.images.size === 0) return [];
  const tags = countListed(listing.images);
  return [`The filters select nothing from ${name}, which has ${plural(tags, 'tag')}`];
}

function warnOfMissingTimes({ name, settings, listing }: Listed): string[] {
  if (settings.filters.newerThan === undefined) return [];
  const isTimed = listing.images
    .values()
    .some(({ tags }) => tags.values().some((tag) => tag?.uploaded !== undefined));
  if (isTimed || listing.images.size === 0) return [];
  return [
    `${name}: its registry does not report when tags were pushed, so "newer-than" ` +
      'filters none of them out',
  ];
}

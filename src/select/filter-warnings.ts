import { plural } from '../mirror/format.ts';
import { countListed } from '../mirror/listing.ts';
import { formatNamespace } from '../mirror/namespace.ts';
import { namedImages } from '../mirror/patterns.ts';
import { type Shard, isWhole } from '../mirror/shard.ts';
import type { Listed } from './listed.ts';

/**
 * What is odd about the filters in the light of what the sources hold: likely a slip of the pen. A job that is a part of
 * many sees a part, and leaves this to the first of them.
 */
export function warnOfFilters(
  listed: readonly Listed[],
  { shard, include }: { readonly shard: Shard; readonly include: readonly string[] },
): string[] {
  if (!isWhole(shard) && shard.first > 0) return [];
  const isPart = namedImages(include) !== undefined;
  const isUnsure = listed.some(({ listing }) => listing.failures.length > 0);
  return [
    ...(isUnsure ? [] : unusedPatterns(listed, isPart)),
    ...listed.flatMap((one) => [...emptied(one), ...untimed(one)]),
  ];
}

/** Patterns that match nothing in any of the namespaces that they are for. */
function unusedPatterns(listed: readonly Listed[], isPart: boolean): string[] {
  const unused = new Map<string, boolean>();
  for (const { filters, settings } of listed) {
    const own = new Set(filters.unusedPatterns());
    // A job that lists some images alone can't tell what no image has.
    const all = [...settings.filters.include.flat(), ...(isPart ? [] : settings.filters.exclude)];
    for (const pattern of all) unused.set(pattern, (unused.get(pattern) ?? true) && own.has(pattern));
  }
  return Array.from(unused)
    .filter(([, isUnused]) => isUnused)
    .map(([pattern]) => `The pattern ${JSON.stringify(pattern)} in "include" or "exclude" matches nothing`);
}

function emptied({ settings, listing, selection }: Listed): string[] {
  if (selection.listing.images.size > 0 || listing.images.size === 0) return [];
  const tags = countListed(listing.images);
  return [
    `The filters leave nothing of ${formatNamespace(settings.namespace)}, which holds ${plural(tags, 'tag')}`,
  ];
}

function untimed({ settings, listing }: Listed): string[] {
  if (settings.filters.newerThan === undefined) return [];
  const isTimed = listing.images
    .values()
    .some(({ tags }) => tags.values().some((tag) => tag?.uploaded !== undefined));
  if (isTimed || listing.images.size === 0) return [];
  return [
    `${formatNamespace(settings.namespace)}: its registry does not tell when tags were pushed, so "newer-than" leaves ` +
      'none of them out',
  ];
}

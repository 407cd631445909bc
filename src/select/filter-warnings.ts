import { plural } from '../mirror/format.ts';
import { countListed } from '../mirror/listing.ts';
import { namedImages } from '../mirror/patterns.ts';
import { type Shard, isWhole } from '../mirror/shard.ts';
import type { Listed, ListedRule } from './listed.ts';

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
  const isIncomplete = listed.some(({ rules }) => rules.some(({ listing }) => listing.failures.length > 0));
  const warnings = [
    ...(isIncomplete ? [] : unusedPatterns(listed, isPart)),
    ...listed.flatMap(({ name, rules }) =>
      rules.flatMap((rule) => {
        const source = rule.image === undefined ? name : `${name}/${rule.image}`;
        return [...warnOfEmptySelection(source, rule), ...warnOfMissingTimes(source, rule)];
      }),
    ),
  ];
  // A namespace with several targets is listed once for each.
  return Array.from(new Set(warnings));
}

/** Patterns that match nothing in any of the namespaces that they apply to. */
function unusedPatterns(listed: readonly Listed[], isPart: boolean): string[] {
  const unused = new Map<string, boolean>();
  for (const { filters } of listed.flatMap(({ rules }) => rules)) {
    const own = new Set(filters.unusedPatterns());
    // A job that lists some images only can't know what no image has.
    const all = [...filters.includePatterns, ...(isPart ? [] : filters.excludePatterns)];
    for (const pattern of all) unused.set(pattern, (unused.get(pattern) ?? true) && own.has(pattern));
  }
  return Array.from(unused)
    .filter(([, isUnused]) => isUnused)
    .map(([pattern]) => `The pattern ${JSON.stringify(pattern)} in "include" or "exclude" matches nothing`);
}

function warnOfEmptySelection(source: string, { listing, selection }: ListedRule): string[] {
  if (selection.listing.images.size > 0 || listing.images.size === 0) return [];
  const tags = countListed(listing.images);
  return [`The filters select nothing from ${source}, which has ${plural(tags, 'tag')}`];
}

function warnOfMissingTimes(source: string, { filters, listing, references }: ListedRule): string[] {
  if (!filters.asksForTimes || references) return [];
  const isTimed = listing.images
    .values()
    .some(({ tags }) => tags.values().some((tag) => tag?.uploaded !== undefined));
  if (isTimed || listing.images.size === 0) return [];
  return [
    `${source}: its registry does not report when tags were pushed, so "newer-than" ` +
      'filters none of them out',
  ];
}

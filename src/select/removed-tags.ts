import type { ImageTags } from '../mirror/failure.ts';
import { imageOf } from '../mirror/image-key.ts';
import type { TagMatch } from '../mirror/patterns.ts';
import type { RecordedImages } from '../mirror/record-entry.ts';
import type { ListedRule } from './listed.ts';
import { concerns } from './rules.ts';

/** What is known of the sources of recorded tags. */
export interface RemovedOptions {
  readonly rules: readonly ListedRule[];
  /** True for tags that were found at the source, by the key of their image. */
  readonly isFound: TagMatch;
  /** Images that could not be listed: their tags are unknown, not removed. An empty name stands for all. */
  readonly unknown: ReadonlySet<string>;
  /** True for tags that count as taken off the lists where no rule concerns them. */
  readonly mayBeTakenOff: TagMatch;
}

/**
 * Finds recorded tags that the source no longer has, or that were taken off the lists. Tags that filters remove don't count.
 */
export function findRemovedTags(recorded: RecordedImages, options: RemovedOptions): ImageTags[] {
  const found: ImageTags[] = [];
  for (const [key, entries] of recorded) {
    if (isUnknown(imageOf(key), options.unknown)) continue;
    const rules = options.rules.filter((rule) => concerns(rule, key));
    const tags = Array.from(entries.keys()).filter((tag) => isRemoved(key, tag, rules, options));
    if (tags.length > 0) found.push({ image: key, tags });
  }
  return found;
}

function isRemoved(
  key: string,
  tag: string,
  rules: readonly ListedRule[],
  { isFound, mayBeTakenOff }: RemovedOptions,
): boolean {
  if (isFound(key, tag)) return false;
  const image = imageOf(key);
  const own = rules.filter(({ references }) => references?.has(tag) !== false);
  if (own.length === 0) return mayBeTakenOff(key, tag);
  const isStillListed = own.some(
    ({ references, listing }) => !references && listing.images.get(image)?.tags.has(tag) === true,
  );
  return !isStillListed && own.some(({ filters }) => filters.wantsName(image, tag));
}

/** True when `image`, or a repository above it, could not be listed. */
function isUnknown(image: string, unknown: ReadonlySet<string>): boolean {
  if (unknown.size === 0) return false;
  if (unknown.has('')) return true;
  for (let end = image.length; end > 0; end = image.lastIndexOf('/', end - 1)) {
    if (unknown.has(image.slice(0, end))) return true;
  }
  return false;
}

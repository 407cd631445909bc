import type { Images } from '../metadata/namespace-manifest.ts';
import type { ImageTags } from '../report/result.ts';
import type { ListedTag, Listing } from '../source/listing.ts';
import type { TagMatch } from '../source/patterns.ts';

/**
 * Finds the tags that are recorded and that the source no longer has. What could not be listed is not gone, and
 * neither is what the filters leave out.
 *
 * @param listing all that the source holds, before the filters
 * @param wanted the filters
 */
export function findGone(listing: Listing<ListedTag>, recorded: Images, wanted: TagMatch): ImageTags[] {
  const unknown = new Set(listing.failures.map(({ image }) => image));
  const found: ImageTags[] = [];
  for (const [image, entries] of recorded) {
    if (isUnknown(image, unknown)) continue;
    const held = listing.images.get(image)?.tags;
    const tags: string[] = [];
    for (const tag of entries.keys()) if (held?.has(tag) !== true && wanted(image, tag)) tags.push(tag);
    if (tags.length > 0) found.push({ image, tags });
  }
  return found;
}

/** True when `image`, or a repository above it, could not be listed. */
function isUnknown(image: string, unknown: ReadonlySet<string>): boolean {
  if (unknown.size === 0) return false;
  for (let end = image.length; end > 0; end = image.lastIndexOf('/', end - 1)) {
    if (unknown.has(image.slice(0, end))) return true;
  }
  return false;
}

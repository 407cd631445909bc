import type { Failure } from '../mirror/failure.ts';
import type { ListedTag, Listing } from '../mirror/listing.ts';
import { type Namespace, formatNamespace, repositoryIn } from '../mirror/namespace.ts';
import type { RecordedImages } from '../mirror/record-entry.ts';
import type { ListedRule } from './listed.ts';
import type { Rule } from './rules.ts';

/** The references of a rule as if the source had listed them: nothing is requested. */
export function listReferences(
  namespace: Namespace,
  { image = '', references = new Map() }: Pick<Rule, 'image' | 'references'>,
): Listing<ListedTag> {
  const tags = new Map<string, ListedTag>(
    Array.from(references, ([reference, digest]) => [reference, digest === undefined ? null : { digest }]),
  );
  return {
    namespace,
    images: new Map([[image, { repository: repositoryIn(namespace, image), tags }]]),
    failures: [],
  };
}

/**
 * The selected references of a rule that the source turned out not to have. Those that are recorded have been removed from the
 * source since; all others are failures, as whoever wrote the list expects them to exist.
 */
export function failuresOfReferences(
  { image, keysOf, selection }: ListedRule,
  resolved: Listing,
  recorded: RecordedImages,
): Failure[] {
  if (image === undefined) return [];
  const failed = resolved.failures.find((failure) => failure.image === image);
  if (failed?.tags.length === 0) return [];
  const isKnown = (tag: string): boolean =>
    resolved.images.get(image)?.tags.has(tag) === true ||
    failed?.tags.includes(tag) === true ||
    keysOf(image).some((key) => recorded.get(key)?.get(tag) !== undefined);
  const tags = Array.from(selection.listing.images.get(image)?.tags.keys() ?? []).filter(
    (tag) => !isKnown(tag),
  );
  if (tags.length === 0) return [];
  const repository = `${formatNamespace(resolved.namespace)}/${image}`;
  const reason =
    `${repository} has no such tag (status 404), or is private. Check the name and the tag in the list of images, and the ` +
    "source's credentials";
  return [{ image, tags, reason }];
}

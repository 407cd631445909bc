import type { Failure } from '../mirror/failure.ts';
import { imageOf, targetPathOf } from '../mirror/image-key.ts';
import type { ListedTag, SourceImage } from '../mirror/listing.ts';
import type { Namespace } from '../mirror/namespace.ts';
import { isRepositoryName } from '../oci/names.ts';

/** The images of one plan, by key. */
export interface Named {
  readonly settings: { readonly namespace: Namespace; readonly target: Namespace };
  readonly images: ReadonlyMap<string, SourceImage<ListedTag>>;
  /** Keys of images whose tags are selected from what the source lists: they may get more tags at any time. */
  readonly open: ReadonlySet<string>;
}

/** An image, and where it would go. */
interface Destination<T> {
  readonly plan: T;
  readonly key: string;
  /** `gcr.io/distroless/base` */
  readonly source: string;
  readonly tags: readonly string[];
  readonly isOpen: boolean;
  readonly targetPath: string;
}

/**
 * Finds the images that can't have their names at the target: the specification does not allow the name, or images of
 * several sources would overwrite each other there. Only these fail. One source that two plans copy to one place is no clash, and
 * neither are exact tags of several sources under one name, as where an image has moved to another registry, if all differ.
 *
 * @returns by plan, a failure for the key of each such image
 */
export function findNameClashes<T extends Named>(all: readonly T[]): Map<T, readonly Failure[]> {
  const clashes = new Map<T, Failure[]>();
  for (const [place, destinations] of groupByPlace(all)) {
    const clashing = findClashing(destinations);
    const reason = clashOf(place, clashing);
    for (const { plan, key, tags } of clashing)
      clashes.set(plan, [...(clashes.get(plan) ?? []), { image: key, tags, reason }]);
  }
  return clashes;
}

function groupByPlace<T extends Named>(all: readonly T[]): Map<string, Destination<T>[]> {
  const byPlace = new Map<string, Destination<T>[]>();
  for (const plan of all) {
    const { settings, open } = plan;
    const { namespace, target } = settings;
    for (const [key, { repository, tags }] of plan.images) {
      const targetPath = targetPathOf(settings, key);
      const place = `${target.registry}/${targetPath}`;
      const source = `${namespace.registry}/${repository}`;
      const isOpen = open.has(key);
      const destination = { plan, key, source, tags: Array.from(tags.keys()), isOpen, targetPath };
      const others = byPlace.get(place);
      if (others) others.push(destination);
      else byPlace.set(place, [destination]);
    }
  }
  return byPlace;
}

/** Those of one place that can't go there. */
function findClashing<T>(all: readonly Destination<T>[]): readonly Destination<T>[] {
  const [first, ...others] = all;
  if (!first || !isRepositoryName(first.targetPath)) return all;
  if (others.every(({ source }) => source === first.source)) return [];
  if (all.some(({ isOpen }) => isOpen)) return all;
  const sources = new Map<string, Set<string>>();
  for (const { source, tags } of all)
    for (const tag of tags) sources.set(tag, (sources.get(tag) ?? new Set<string>()).add(source));
  return all.filter(({ tags }) => tags.some((tag) => (sources.get(tag)?.size ?? 0) > 1));
}

/** The number of sources that a message names. */
const MAX_SOURCES_SHOWN = 5;

/** Why these images can't go to `place`, with the remedy. */
function clashOf(
  place: string,
  destinations: readonly Pick<Destination<unknown>, 'source' | 'targetPath'>[],
): string {
  const [first] = destinations;
  if (first && !isRepositoryName(first.targetPath))
    return `${first.source} would go to "${first.targetPath}", which is not a repository name. ${REMEDY}`;
  const sources = Array.from(new Set(destinations.map(({ source }) => source)));
  const more = sources.length - MAX_SOURCES_SHOWN;
  const shown = [...sources.slice(0, MAX_SOURCES_SHOWN), ...(more > 0 ? [`${more} more`] : [])];
  return `${shown.join(' and ')} would ${sources.length === 2 ? 'both' : 'all'} go to ${place}. ${REMEDY}`;
}

const REMEDY =
  'Give them different names with "target-name" ({registry}, {namespace}, {image} and {name} are its placeholders) or with the ' +
  '"name" of an entry, leave one out with "exclude", or mirror them to different targets';

/** The images that a plan can't name, by the name of their repository in the namespace. */
export function clashingImages(failures: readonly Failure[]): string[] {
  return Array.from(new Set(failures.map(({ image }) => imageOf(image))));
}

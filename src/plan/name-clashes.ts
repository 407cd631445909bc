import type { Failure } from '../mirror/failure.ts';
import { imageOf, targetPathOf } from '../mirror/image-key.ts';
import type { ListedTag, SourceImage } from '../mirror/listing.ts';
import type { Namespace } from '../mirror/namespace.ts';
import { isRepositoryName } from '../oci/names.ts';

/** The images of one plan, by key. */
export interface Named {
  readonly settings: { readonly namespace: Namespace; readonly target: Namespace };
  readonly images: ReadonlyMap<string, SourceImage<ListedTag>>;
}

/** An image, and where it would go. */
interface Destination<T> {
  readonly plan: T;
  readonly key: string;
  /** `gcr.io/distroless/base` */
  readonly source: string;
  readonly tags: readonly string[];
  readonly targetPath: string;
}

/**
 * Finds the images that can't have their names at the target: the specification does not allow the name, or images of
 * several sources would overwrite each other there. Only these fail. One source that two plans copy to one place is no clash.
 *
 * @returns by plan, a failure for the key of each such image
 */
export function findNameClashes<T extends Named>(all: readonly T[]): Map<T, readonly Failure[]> {
  const clashes = new Map<T, Failure[]>();
  for (const [place, destinations] of groupByPlace(all)) {
    const reason = clashOf(place, destinations);
    if (reason === undefined) continue;
    for (const { plan, key, tags } of destinations)
      clashes.set(plan, [...(clashes.get(plan) ?? []), { image: key, tags, reason }]);
  }
  return clashes;
}

function groupByPlace<T extends Named>(all: readonly T[]): Map<string, Destination<T>[]> {
  const byPlace = new Map<string, Destination<T>[]>();
  for (const plan of all) {
    const { namespace, target } = plan.settings;
    for (const [key, { repository, tags }] of plan.images) {
      const targetPath = targetPathOf(plan.settings, key);
      const place = `${target.registry}/${targetPath}`;
      const source = `${namespace.registry}/${repository}`;
      const destination = { plan, key, source, tags: Array.from(tags.keys()), targetPath };
      const others = byPlace.get(place);
      if (others) others.push(destination);
      else byPlace.set(place, [destination]);
    }
  }
  return byPlace;
}

/** The number of sources that a message names. */
const MAX_SOURCES_SHOWN = 5;

/** Why these images can't go to `place`, with the remedy; undefined if they can. */
function clashOf(
  place: string,
  destinations: readonly Pick<Destination<unknown>, 'source' | 'targetPath'>[],
): string | undefined {
  const [first] = destinations;
  if (!first) return undefined;
  if (!isRepositoryName(first.targetPath))
    return `${first.source} would go to "${first.targetPath}", which is not a repository name. ${REMEDY}`;
  const sources = Array.from(new Set(destinations.map(({ source }) => source)));
  if (sources.length === 1) return undefined;
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

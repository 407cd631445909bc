import { canNest, isRepositoryName } from '../oci/names.ts';
import type { Failure } from './failure.ts';
import type { ListedTag, Listing } from './listing.ts';
import { type Namespace, repositoryIn } from './namespace.ts';

/** The placeholders of the input `target-name`. */
export const PLACEHOLDERS = ['registry', 'namespace', 'image', 'name'] as const;

/** The target repository of every listed image: by the namespace's name, then by image. */
export type TargetNames = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Fills in `template` for one image and returns the path in the target's registry. Where the target can't nest, `/`
 * becomes `_`. The `:` before a host's port, which is not allowed in a repository name, becomes `-`.
 */
export function targetRepository(
  template: string,
  target: Namespace,
  source: Namespace,
  image: string,
): string {
  const filled = template
    .replaceAll('{registry}', source.registry.replaceAll(/[[\]]/g, '').replaceAll(':', '-'))
    .replaceAll('{namespace}', source.path)
    .replaceAll('{image}', image)
    .replaceAll('{name}', image.slice(image.lastIndexOf('/') + 1))
    .replaceAll(/\/{2,}/g, '/')
    .replaceAll(/^\/|\/$/g, '');
  return repositoryIn(target, canNest(target.registry) ? filled : filled.replaceAll('/', '_'));
}

/** A namespace's images, its target, and the template of their names there. */
export interface Named {
  /** `gcr.io/distroless` */
  readonly name: string;
  readonly settings: {
    readonly namespace: Namespace;
    readonly target: Namespace;
    readonly targetName: string;
  };
  readonly listing: Listing<ListedTag>;
}

/** The names of a run's images at the target, and the images that can't have theirs. */
export interface NamedTargets {
  readonly names: TargetNames;
  /**
   * By namespace: images whose name the specification does not allow, and images of several sources that would overwrite
   * each other. Only these fail.
   */
  readonly clashes: ReadonlyMap<string, readonly Failure[]>;
}

/** An image, and where it would go. */
interface Destination {
  readonly name: string;
  readonly image: string;
  /** `gcr.io/distroless/base` */
  readonly source: string;
  readonly tags: readonly string[];
  readonly targetPath: string;
}

/** Computes the target repository of every image of a run. */
export function nameTargets(all: readonly Named[]): NamedTargets {
  const names = new Map<string, Map<string, string>>(all.map(({ name }) => [name, new Map()]));
  const clashes = new Map<string, Failure[]>();
  for (const [place, destinations] of groupByPlace(all)) {
    const reason = clashOf(place, destinations);
    for (const { name, image, tags, targetPath } of destinations) {
      if (reason === undefined) names.get(name)?.set(image, targetPath);
      else clashes.set(name, [...(clashes.get(name) ?? []), { image, tags, reason }]);
    }
  }
  return { names, clashes };
}

function groupByPlace(all: readonly Named[]): Map<string, Destination[]> {
  const byPlace = new Map<string, Destination[]>();
  for (const { name, settings, listing } of all) {
    const { namespace, target, targetName } = settings;
    for (const [image, { repository, tags }] of listing.images) {
      const targetPath = targetRepository(targetName, target, namespace, image);
      const place = `${target.registry}/${targetPath}`;
      const source = `${namespace.registry}/${repository}`;
      const destination = { name, image, source, tags: Array.from(tags.keys()), targetPath };
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
function clashOf(place: string, destinations: readonly Destination[]): string | undefined {
  const [first, ...others] = destinations;
  if (!first) return undefined;
  if (!isRepositoryName(first.targetPath))
    return `${first.source} would go to "${first.targetPath}", which is not a repository name. ${REMEDY}`;
  if (others.length === 0) return undefined;
  const sources = destinations.map(({ source }) => source);
  const more = sources.length - MAX_SOURCES_SHOWN;
  const shown = [...sources.slice(0, MAX_SOURCES_SHOWN), ...(more > 0 ? [`${more} more`] : [])];
  return `${shown.join(' and ')} would ${others.length === 1 ? 'both' : 'all'} go to ${place}. ${REMEDY}`;
}

const REMEDY =
  'Give them different names with "target-name" ({registry}, {namespace} and {image} are its placeholders), leave one out ' +
  'with "exclude", or mirror the namespaces to different targets';

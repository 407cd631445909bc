import { canNest, isRepositoryName } from '../oci/names.ts';
import type { ListedTag, Listing } from './listing.ts';
import { type Namespace, formatNamespace, repositoryIn } from './namespace.ts';

/** The placeholders of the input `target-name`. */
export const PLACEHOLDERS = ['registry', 'namespace', 'image'] as const;

/** The target repository of every listed image: by namespace (as `formatNamespace` has it), then by image. */
export type TargetNames = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Fills `template` for one image and gives the path in the target's registry. Where the target can't nest, `/`
 * becomes `_`. A host's port has no place in a name: its `:` becomes `-`.
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
    .replaceAll(/\/{2,}/g, '/')
    .replaceAll(/^\/|\/$/g, '');
  return repositoryIn(target, canNest(target.registry) ? filled : filled.replaceAll('/', '_'));
}

/** A namespace, what of it is mirrored, and where to. */
export interface Named {
  readonly settings: {
    readonly namespace: Namespace;
    readonly target: Namespace;
    readonly targetName: string;
  };
  readonly listing: Listing<ListedTag>;
}

/**
 * Names the target of every image of a run.
 *
 * @throws Error that lists, with the remedy, the names that the specification does not allow and the sources that
 *   would overwrite each other
 */
export function nameTargets(all: readonly Named[]): TargetNames {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  const names = new Map<string, Map<string, string>>();
  for (const { settings, listing } of all) {
    const { namespace, target, targetName } = settings;
    const own = new Map<string, string>();
    names.set(formatNamespace(namespace), own);
    for (const [image, { repository }] of listing.images) {
      const name = targetRepository(targetName, target, namespace, image);
      const source = `${namespace.registry}/${repository}`;
      const place = `${target.registry}/${name}`;
      const owner = owners.get(place);
      if (!isRepositoryName(name)) {
        problems.push(`${source} would go to "${name}", which is not a repository name`);
      } else if (owner !== undefined) {
        problems.push(`${owner} and ${source} would both go to ${place}`);
      }
      owners.set(place, source);
      own.set(image, name);
    }
  }
  if (problems.length > 0) throw new Error(clashMessage(problems));
  return names;
}

const MOST_PROBLEMS = 20;

function clashMessage(problems: readonly string[]): string {
  const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
  return (
    `Nothing was copied: ${[...problems.slice(0, MOST_PROBLEMS), ...more].join('; ')}. Give them different names ` +
    'with "target-name" ({registry}, {namespace} and {image} are its placeholders), leave one out with "exclude", ' +
    'or mirror the namespaces to different targets.'
  );
}

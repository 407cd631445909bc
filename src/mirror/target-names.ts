import { canNest, isRepositoryName } from '../oci/names.ts';
import type { ListedTag, Listing } from './listing.ts';
import { type Namespace, repositoryIn } from './namespace.ts';

/** The placeholders of the input `target-name`. */
export const PLACEHOLDERS = ['registry', 'namespace', 'image'] as const;

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

/**
 * Computes the target repository of every image of a run.
 *
 * @throws Error that lists, with the remedy, the names that the specification does not allow and the sources that
 *   would overwrite each other
 */
export function nameTargets(all: readonly Named[]): TargetNames {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  const names = new Map<string, Map<string, string>>();
  for (const { name, settings, listing } of all) {
    const { namespace, target, targetName } = settings;
    const repositories = new Map<string, string>();
    names.set(name, repositories);
    for (const [image, { repository }] of listing.images) {
      const targetPath = targetRepository(targetName, target, namespace, image);
      const source = `${namespace.registry}/${repository}`;
      const destination = `${target.registry}/${targetPath}`;
      const owner = owners.get(destination);
      if (!isRepositoryName(targetPath)) {
        problems.push(`${source} would go to "${targetPath}", which is not a repository name`);
      } else if (owner !== undefined) {
        problems.push(`${owner} and ${source} would both go to ${destination}`);
      }
      owners.set(destination, source);
      repositories.set(image, targetPath);
    }
  }
  if (problems.length > 0) throw new Error(clashMessage(problems));
  return names;
}

/** The number of problems that the message lists. */
const MAX_PROBLEMS_SHOWN = 20;

function clashMessage(problems: readonly string[]): string {
  const more =
    problems.length > MAX_PROBLEMS_SHOWN ? [`and ${problems.length - MAX_PROBLEMS_SHOWN} more`] : [];
  return (
    `Nothing was copied: ${[...problems.slice(0, MAX_PROBLEMS_SHOWN), ...more].join('; ')}. Give them different names ` +
    'with "target-name" ({registry}, {namespace} and {image} are its placeholders), leave one out with "exclude", ' +
    'or mirror the namespaces to different targets.'
  );
}

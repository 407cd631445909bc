import { canNest } from '../oci/names.ts';
import { type Namespace, repositoryIn } from './namespace.ts';

/** The placeholders of the input `target-name`. */
export const PLACEHOLDERS = ['registry', 'namespace', 'image', 'name'] as const;

/** The template of names that a record need not mention. */
export const USUAL_NAME = '{image}';

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

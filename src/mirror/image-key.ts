import { isRepositoryName } from '../oci/names.ts';
import { type Namespace, repositoryIn } from './namespace.ts';
import { USUAL_NAME, targetRepository } from './target-names.ts';

/**
 * Identifies an image of a namespace at one target: `base`, or `base as mirrored-base` where its repository has another
 * name there than the template `{image}` gives. An image with two names has two keys. Records, plans and results go by keys.
 */
const SEPARATOR = ' as ';

/** The key of `image` under the name that `template` gives it at `target`. */
export function imageKey(template: string, target: Namespace, source: Namespace, image: string): string {
  if (template === USUAL_NAME) return image;
  const path = targetRepository(template, target, source, image);
  if (path === targetRepository(USUAL_NAME, target, source, image)) return image;
  return `${image}${SEPARATOR}${target.path === '' ? path : path.slice(target.path.length + 1)}`;
}

/** The image of a key: the repository's path inside its namespace. */
export function imageOf(key: string): string {
  const end = key.indexOf(SEPARATOR);
  return end === -1 ? key : key.slice(0, end);
}

/** The full path of the target's repository for the image of a key. */
export function targetPathOf(
  { namespace, target }: { readonly namespace: Namespace; readonly target: Namespace },
  key: string,
): string {
  const end = key.indexOf(SEPARATOR);
  if (end === -1) return targetRepository(USUAL_NAME, target, namespace, key);
  return repositoryIn(target, key.slice(end + SEPARATOR.length));
}

/** True for a key of names that the distribution specification allows. */
export function isImageKey(text: string): boolean {
  return text.split(SEPARATOR, 3).every(isRepositoryName) && text.split(SEPARATOR, 3).length < 3;
}

import { type Namespace, formatNamespace } from './namespace.ts';

/** The default of the input `manifest-path`, for a mirror with one target. */
export const DEFAULT_MANIFEST_PATH = '{registry}/{namespace}.json';

/** Its default for a mirror with several targets: each has namespace manifests of its own. */
export const MANIFEST_PATH_PER_TARGET = `{target}/${DEFAULT_MANIFEST_PATH}`;

/**
 * The path of a namespace manifest in the metadata repository: `template` with `{registry}` and `{namespace}` of the
 * source and `{target}` filled in. By the default template, the path for a namespace without a path is `{registry}.json`.
 */
export function recordPath(template: string, { registry, path }: Namespace, target: Namespace): string {
  const filled = template.replaceAll('{target}', formatNamespace(target));
  if (path !== '') return filled.replaceAll('{registry}', registry).replaceAll('{namespace}', path);
  return filled
    .replaceAll('{registry}/{namespace}', '{registry}')
    .replaceAll('{registry}', registry)
    .replaceAll('{namespace}', registry);
}

/** True for a path that stays inside a repository and that git can hold. */
export function isRepositoryPath(path: string): boolean {
  if (path.length > 1024 || /[\p{Cc}\\]/u.test(path)) return false;
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/^\.git$/i.test(part));
}

import type { Namespace } from './namespace.ts';

/**
 * The path of a namespace manifest in the metadata repository: `template` with `{registry}` and `{namespace}` filled
 * in. By the default template, the path for a namespace without a path is `{registry}.json`.
 */
export function recordPath(template: string, { registry, path }: Namespace): string {
  if (path !== '') return template.replaceAll('{registry}', registry).replaceAll('{namespace}', path);
  return template
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

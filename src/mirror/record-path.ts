import type { Namespace } from './namespace.ts';

/**
 * Where a namespace's manifest is in the metadata repository. `{registry}` and `{namespace}` are filled in; a
 * namespace with no path is `{registry}.json` under the default template.
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

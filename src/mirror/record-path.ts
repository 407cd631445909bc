import { type Namespace, formatNamespace } from './namespace.ts';

/** Where records are kept by default: in runs with one target, and in runs with several. */
export const DEFAULT_PATHS = {
  single: '{registry}/{namespace}.json',
  several: '{target}/{registry}/{namespace}.json',
} as const;

/**
 * The path of a namespace manifest in the metadata repository: `template` with `{registry}`, `{namespace}` and `{target}`
 * filled in. By the default template, the path for a namespace without a path is `{registry}.json`.
 */
export function recordPath(template: string, { registry, path }: Namespace, target: Namespace): string {
  const own = template.replaceAll('{target}', formatNamespace(target));
  if (path !== '') return own.replaceAll('{registry}', registry).replaceAll('{namespace}', path);
  return own
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

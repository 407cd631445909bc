import { isRepositoryName } from '../oci/names.ts';

/** Where a registry shows a repository to people, for registries that have such pages. */
const PAGES: Readonly<Record<string, (repository: string) => string | undefined>> = {
  'docker.io': (repository) =>
    repository.startsWith('library/')
      ? `https://hub.docker.com/_/${repository.slice('library/'.length)}`
      : `https://hub.docker.com/r/${repository}`,
  'quay.io': (repository) => `https://quay.io/repository/${repository}`,
  // Redirects to the page of the package, whether its owner is a user or an organisation.
  'ghcr.io': (repository) => `https://ghcr.io/${repository}`,
  'public.ecr.aws': (repository) => `https://gallery.ecr.aws/${repository}`,
};

/**
 * The web page of an image at its registry.
 *
 * @param name registry and repository: `docker.io/gcrxio/base`
 * @returns undefined if the registry has no such pages, or if the name is not valid
 */
export function registryPage(name: string): URL | undefined {
  const slash = name.indexOf('/');
  const [registry, repository] = [name.slice(0, slash), name.slice(slash + 1)];
  if (!Object.hasOwn(PAGES, registry) || !isRepositoryName(repository)) return undefined;
  const page = PAGES[registry]?.(repository);
  return page === undefined ? undefined : new URL(page);
}

/** The reference to pull a tag, or undefined if the name or tag is not one that a shell takes literally. */
export function pullReference(name: string, tag: string): string | undefined {
  const reference = `${name}:${tag}`;
  return /^[\w.:[\]-]+(?:\/[\w.-]+)+:[\w.-]+$/.test(reference) ? reference : undefined;
}

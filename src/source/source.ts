import type { ListedTag } from './listing.ts';

/** What a registry says of one repository; names and tags are unchecked. */
export interface ListedTags {
  readonly tags: Map<string, ListedTag>;
  /** Full paths of the repositories right below it; absent where tags are listed without them. */
  readonly children?: readonly string[];
}

/** One registry's way to list a namespace. Both methods throw RegistryError when the registry refuses. */
export interface Source {
  /** What the namespace's path can be: one repository, the start of others' names, or one of them or both. */
  readonly kind: 'repository' | 'prefix' | 'either';
  readonly listTags: (repository: string) => Promise<ListedTags>;
  /**
   * Full paths of the repositories below the namespace, in any order, and maybe of others too.
   *
   * @throws NotListed when this can't be told
   */
  readonly listRepositories: () => Promise<readonly string[]>;
}

/** The registry does not tell which repositories it has. The message names the remedy. */
export class NotListed extends Error {
  override readonly name = 'NotListed';
}

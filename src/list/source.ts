import type { ListedTag } from '../mirror/listing.ts';
import { type RegistryClient, pull, tagsUrlPath } from '../oci/client.ts';
import { readGoogleList } from './google.ts';

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

/**
 * What `tags/list` says of `repository`: where the registry is of Google's kind, digests and children too. An
 * empty `repository` is the registry's root, which no other kind lists.
 *
 * The `name` of the answer is not looked at: registry.k8s.io sends on to a registry that knows the repository by
 * another one.
 */
export async function listByTags(client: RegistryClient, repository: string): Promise<ListedTags> {
  const scopes = repository === '' ? [] : [pull(repository)];
  const page = await client.getList(tagsUrlPath(repository), scopes);
  const google = readGoogleList(page);
  if (!google) {
    const names = repository === '' ? [] : await client.listTags(repository, page);
    return { tags: new Map(names.map((tag) => [tag, null])) };
  }
  const children = google.children.map((child) => (repository === '' ? child : `${repository}/${child}`));
  return { tags: google.tags, children };
}

import type { ListedTag } from '../mirror/listing.ts';
import { type RegistryClient, pull, tagsUrlPath } from '../oci/client.ts';
import { listGoogle, readGoogleList } from './google.ts';

/** A registry's list of one repository; names and tags are unchecked. */
export interface ListedTags {
  readonly tags: Map<string, ListedTag>;
  /** Full paths of the repositories directly below it; absent if the list of tags does not include them. */
  readonly children?: readonly string[];
  /** Set if the list may be incomplete: why, and what to do. */
  readonly problem?: string;
}

/** How to list a namespace of one registry. Both methods throw RegistryError when the registry refuses. */
export interface Source {
  /** What the namespace's path can be: one repository, a prefix of the names of others, or either or both. */
  readonly kind: 'repository' | 'prefix' | 'either';
  readonly listTags: (repository: string) => Promise<ListedTags>;
  /**
   * Full paths of the repositories below the namespace, in any order, possibly among others.
   *
   * @throws NotListed when the registry can't list them
   */
  readonly listRepositories: () => Promise<readonly string[]>;
}

/** The registry does not list its repositories. The message names the remedy. */
export class NotListed extends Error {
  override readonly name = 'NotListed';
}

/**
 * Lists `repository` by `tags/list`: its tags, and, from registries of Google's kind, digests and children too. An empty
 * `repository` is the registry's root, which only registries of Google's kind list.
 *
 * The `name` in the answer is ignored: registry.k8s.io redirects to a registry where the repository has another name.
 */
export async function listByTags(client: RegistryClient, repository: string): Promise<ListedTags> {
  const scopes = repository === '' ? [] : [pull(repository)];
  const page = await client.getList(tagsUrlPath(repository), scopes);
  const google = readGoogleList(page);
  if (!google) {
    const names = repository === '' ? [] : await client.listTags(repository, page);
    return { tags: new Map(names.map((tag) => [tag, null])) };
  }
  const { tags, children, problem } = await listGoogle(client, repository, page, google);
  return {
    tags,
    children: children.map((child) => (repository === '' ? child : `${repository}/${child}`)),
    ...(problem !== undefined && { problem }),
  };
}

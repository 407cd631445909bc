import { type RegistryClient, pull, tagsPath } from '../oci/client.ts';
import { readGoogleList } from './google.ts';
import type { ListedTags } from './source.ts';

/**
 * What `tags/list` says of `repository`: where the registry is of Google's kind, digests and children too. An
 * empty `repository` is the registry's root, which no other kind lists.
 *
 * The `name` of the answer is not looked at: registry.k8s.io sends on to a registry that knows the repository by
 * another one.
 */
export async function listByTags(client: RegistryClient, repository: string): Promise<ListedTags> {
  const scopes = repository === '' ? [] : [pull(repository)];
  const page = await client.getList(tagsPath(repository), scopes);
  const google = readGoogleList(page);
  if (!google) {
    const names = repository === '' ? [] : await client.listTags(repository, page);
    return { tags: new Map(names.map((tag) => [tag, null])) };
  }
  const children = google.children.map((child) => (repository === '' ? child : `${repository}/${child}`));
  return { tags: google.tags, children };
}

/** One manifest as a registry knows it. */
export interface ListedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly tags: readonly string[];
}

/** Google's answer to `tags/list`: the children one level down, and the manifests with their tags. */
export function googleTags(
  repository: string,
  repositories: Iterable<string>,
  manifests: Iterable<ListedManifest>,
): { child: string[]; manifest: Record<string, unknown>; name: string; tags: string[] } {
  const prefix = repository === '' ? '' : `${repository}/`;
  const child = new Set<string>();
  for (const name of repositories) {
    if (name.startsWith(prefix)) child.add(name.slice(prefix.length).split('/')[0] ?? '');
  }
  const listed = Array.from(manifests);
  const manifest: Record<string, unknown> = {};
  for (const { digest, mediaType, size, tags } of listed) {
    const times = { timeCreatedMs: '0', timeUploadedMs: '1' };
    manifest[digest] = { imageSizeBytes: String(size), layerId: '', mediaType, tag: tags, ...times };
  }
  return {
    child: Array.from(child).toSorted(),
    manifest,
    name: repository,
    tags: listed.flatMap(({ tags }) => tags).toSorted(),
  };
}

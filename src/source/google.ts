import * as v from 'valibot';
import type { ListPage, RegistryClient } from '../oci/client.ts';
import { isDigest } from '../oci/digest.ts';
import { isTag } from '../oci/names.ts';
import type { SourceManifest } from './listing.ts';

/** Google's numbers are strings; other registries with its shape send numbers. */
const Count = v.union([v.pipe(v.string(), v.digits(), v.transform(Number)), v.number()]);

const GoogleList = v.object({
  child: v.optional(v.nullable(v.array(v.string()))),
  manifest: v.optional(
    v.nullable(
      v.record(
        v.string(),
        v.object({
          tag: v.optional(v.nullable(v.array(v.string()))),
          mediaType: v.optional(v.string()),
          imageSizeBytes: v.optional(Count),
        }),
      ),
    ),
  ),
  tags: v.optional(v.nullable(v.array(v.string()))),
});

/** One repository as Google lists it. */
export interface GoogleRepository {
  /** Names of nested repositories, one level down, unchecked. */
  readonly children: readonly string[];
  readonly tags: Map<string, SourceManifest>;
  /** Tags listed without a manifest: their digests must be asked for. */
  readonly bare: readonly string[];
}

/**
 * Reads Google's extension of `tags/list`, which gives nested repositories and each tag's digest and size in one
 * answer. Undefined when `json` is not of that shape.
 * https://github.com/google/go-containerregistry/blob/v0.20.7/pkg/v1/google/list.go
 */
export function readGoogleList({ json }: ListPage): GoogleRepository | undefined {
  const parsed = v.safeParse(GoogleList, json);
  if (!parsed.success) return undefined;
  const { child, manifest, tags } = parsed.output;
  if (!child && !manifest) return undefined;
  const byTag = new Map<string, SourceManifest>();
  for (const [digest, entry] of Object.entries(manifest ?? {})) {
    if (!isDigest(digest)) continue;
    const shared: SourceManifest = {
      digest,
      ...(entry.mediaType !== undefined && { mediaType: entry.mediaType }),
      ...(entry.imageSizeBytes !== undefined && { size: entry.imageSizeBytes }),
    };
    for (const tag of entry.tag ?? []) byTag.set(tag, shared);
  }
  return { children: child ?? [], tags: byTag, bare: (tags ?? []).filter((tag) => !byTag.has(tag)) };
}

/** Asks for the digests of `tags`. A tag that is gone meanwhile, or is none by its name, is left out. */
export async function headTags(
  client: RegistryClient,
  repository: string,
  tags: readonly string[],
): Promise<Map<string, SourceManifest>> {
  const heads = await Promise.all(
    tags.filter(isTag).map(async (tag) => [tag, await client.headManifest(repository, tag)] as const),
  );
  const found = new Map<string, SourceManifest>();
  for (const [tag, head] of heads)
    if (head) found.set(tag, { digest: head.digest, mediaType: head.mediaType });
  return found;
}

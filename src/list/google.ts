import * as v from 'valibot';
import type { ListedTag, SourceDescriptor } from '../mirror/listing.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { FIRST_ISSUE } from '../oci/manifest.ts';
import type { ListPage } from '../oci/pages.ts';

const Strings = v.array(v.string());
const GoogleList = v.object({
  child: v.nullish(Strings),
  manifest: v.nullish(
    v.custom<Readonly<Record<string, unknown>>>(
      (value) => typeof value === 'object' && !Array.isArray(value),
    ),
  ),
  tags: v.nullish(Strings),
});

/** More than any repository has. A registry that invents names is stopped here, before each becomes a reported failure. */
const MAX_CHILDREN = 100_000;

/** One repository as Google lists it. */
export interface GoogleRepository {
  /** Names of nested repositories, one level down, unchecked. */
  readonly children: readonly string[];
  readonly tags: Map<string, ListedTag>;
}

/**
 * Reads Google's extension of `tags/list`, which has nested repositories and each tag's digest and size in one answer.
 * Undefined when `json` does not have that form.
 * https://github.com/google/go-containerregistry/blob/v0.20.7/pkg/v1/google/list.go
 *
 * @throws Error when it names more children than a repository can have
 */
export function readGoogleList({ json }: Pick<ListPage, 'json'>): GoogleRepository | undefined {
  const parsed = v.safeParse(GoogleList, json, FIRST_ISSUE);
  if (!parsed.success) return undefined;
  const { child, manifest, tags } = parsed.output;
  if (!child && !manifest) return undefined;
  const children = Array.from(new Set(child));
  if (children.length > MAX_CHILDREN)
    throw new Error(`The source lists more than ${MAX_CHILDREN} repositories in one place`);
  const byTag = new Map<string, ListedTag>();
  for (const digest of Object.keys(manifest ?? {})) {
    if (isDigest(digest)) readEntry(digest, manifest?.[digest], byTag);
  }
  for (const tag of tags ?? []) if (!byTag.has(tag)) byTag.set(tag, null);
  return { children, tags: byTag };
}

/** Checked by hand: a schema for each of 100,000 manifests takes twice the time and memory. */
function readEntry(digest: Digest, value: unknown, byTag: Map<string, ListedTag>): void {
  if (typeof value !== 'object' || value === null || !('tag' in value) || !Array.isArray(value.tag)) return;
  const mediaType = 'mediaType' in value && typeof value.mediaType === 'string' ? value.mediaType : undefined;
  const size = numberOf('imageSizeBytes' in value ? value.imageSizeBytes : undefined);
  const uploaded = numberOf('timeUploadedMs' in value ? value.timeUploadedMs : undefined);
  const shared: SourceDescriptor = {
    digest,
    ...(mediaType !== undefined && { mediaType }),
    ...(Number.isSafeInteger(size) && size >= 0 && { size }),
    ...(Number.isSafeInteger(uploaded) && uploaded > 0 && { uploaded }),
  };
  for (const name of value.tag) if (typeof name === 'string') byTag.set(name, shared);
}

/** Google's numbers are strings; other registries with this form send numbers. Converting an object could throw. */
function numberOf(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
}

import { imageOf, targetPathOf } from '../mirror/image-key.ts';
import { parseNamespace } from '../mirror/namespace.ts';
import type { NamespaceManifest, RecordEntry } from '../mirror/record-entry.ts';
import type { Digest } from '../oci/digest.ts';

/** Tags of one image that hold the same image at the target. */
export interface TagGroup {
  /** In code-unit order. */
  readonly tags: readonly string[];
  /** What the target holds. Absent: unknown. */
  readonly digest?: Digest;
  /** What the source had. Absent: the same digest. */
  readonly source?: Digest;
  /** Set if only these platforms of an index were mirrored. */
  readonly platforms?: readonly string[];
}

/** One repository of a target, and what it holds. */
export interface CatalogueImage {
  /** Path of the repository inside its source namespace: `base`. */
  readonly image: string;
  /** Path of the repository below the target's path: `base`. */
  readonly name: string;
  readonly groups: readonly TagGroup[];
}

/** What one namespace manifest says. */
export interface CataloguePart {
  /** Path of the namespace manifest in the metadata repository. */
  readonly path: string;
  /** The SHA that git gives the namespace manifest that was read. */
  readonly sha: string;
  /** When this content was first seen: an ISO 8601 time in UTC, to the second. */
  readonly changed: string;
  /** `gcr.io/distroless` */
  readonly source: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly images: readonly CatalogueImage[];
}

/** All that a mirror holds, one part for each namespace manifest, ordered by path. */
export type Catalogue = readonly CataloguePart[];

/** The part of a catalogue for one namespace manifest. */
export function partOf(
  manifest: NamespaceManifest,
  { path, sha, changed }: Pick<CataloguePart, 'path' | 'sha' | 'changed'>,
): CataloguePart {
  const { source, target } = manifest;
  const images = namedImages(manifest)
    .map(({ image, name, entries }) => ({ image, name, groups: groupTags(entries) }))
    .filter(({ groups }) => groups.length > 0)
    .toSorted((a, b) => compare(a.image, b.image) || compare(a.name, b.name));
  return { path, sha, changed, source, target, images };
}

interface NamedImage {
  readonly image: string;
  readonly name: string;
  readonly entries: ReadonlyMap<string, RecordEntry>;
}

/** The one place that knows how a namespace manifest keeps names. */
function namedImages({ source, target, images }: NamespaceManifest): NamedImage[] {
  return Array.from(images, ([key, entries]) => ({
    image: imageOf(key),
    name: nameOf(source, target, key),
    entries,
  }));
}

/** The name of an image below the target's path. */
function nameOf(source: string, target: string, key: string): string {
  const [from, to] = [parseNamespace(source, ''), parseNamespace(target, '')];
  if (typeof from === 'string' || typeof to === 'string') return imageOf(key);
  const repository = targetPathOf({ namespace: from, target: to }, key);
  return to.path === '' ? repository : repository.slice(to.path.length + 1);
}

function groupTags(entries: ReadonlyMap<string, RecordEntry>): TagGroup[] {
  const groups = new Map<string, TagGroup & { readonly tags: string[] }>();
  for (const [tag, entry] of Array.from(entries).toSorted(([a], [b]) => compare(a, b))) {
    const known = knownOf(entry);
    const key = JSON.stringify(known);
    const group = groups.get(key);
    if (group) group.tags.push(tag);
    else groups.set(key, { tags: [tag], ...known });
  }
  return Array.from(groups.values());
}

function knownOf(entry: RecordEntry): Omit<TagGroup, 'tags'> {
  if (entry === null) return {};
  if (typeof entry === 'string') return { digest: entry };
  const { digest: source, target: digest, platforms } = entry;
  return { digest, ...(source !== digest && { source }), ...(platforms && { platforms }) };
}

/** Code-unit order, which is the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Numbers of a catalogue. An image that is kept under two names or at two targets counts twice. */
export function countCatalogue(catalogue: Catalogue): {
  readonly sources: number;
  readonly images: number;
  readonly tags: number;
} {
  const images = catalogue.flatMap((part) => part.images);
  return {
    sources: new Set(catalogue.map(({ source }) => source)).size,
    images: images.length,
    tags: images.reduce(
      (sum, { groups }) => sum + groups.reduce((tags, group) => tags + group.tags.length, 0),
      0,
    ),
  };
}

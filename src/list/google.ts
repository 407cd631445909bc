import * as v from 'valibot';
import { formatCount } from '../mirror/format.ts';
import type { ListedTag, SourceDescriptor } from '../mirror/listing.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import { FIRST_ISSUE, isSize } from '../oci/manifest.ts';
import { type RegistryClient, pull, tagsUrlPath } from '../oci/client.ts';
import { type ListPage, getLaterPage } from '../oci/pages.ts';

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
  /** Set if the registry may have cut the list. */
  readonly problem?: string;
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
  const mediaTypes = new Map<string, string>();
  for (const digest of Object.keys(manifest ?? {})) {
    if (isDigest(digest)) readEntry(digest, manifest?.[digest], byTag, mediaTypes);
  }
  for (const tag of tags ?? []) if (!byTag.has(tag)) byTag.set(tag, null);
  return { children, tags: byTag };
}

/**
 * Checked by hand: a schema for each of 100,000 manifests takes twice the time and memory.
 *
 * @param mediaTypes those of the list so far: JSON has a copy of the text for each manifest
 */
function readEntry(
  digest: Digest,
  value: unknown,
  byTag: Map<string, ListedTag>,
  mediaTypes: Map<string, string>,
): void {
  if (typeof value !== 'object' || value === null || !('tag' in value) || !Array.isArray(value.tag)) return;
  const given = 'mediaType' in value && typeof value.mediaType === 'string' ? value.mediaType : undefined;
  const mediaType = given === undefined ? undefined : (mediaTypes.get(given) ?? given);
  if (mediaType !== undefined) mediaTypes.set(mediaType, mediaType);
  const size = numberOf('imageSizeBytes' in value ? value.imageSizeBytes : undefined);
  const uploaded = numberOf('timeUploadedMs' in value ? value.timeUploadedMs : undefined);
  const shared: SourceDescriptor = {
    digest,
    ...(mediaType !== undefined && { mediaType }),
    ...(isSize(size) && { size }),
    ...(Number.isSafeInteger(uploaded) && uploaded > 0 && { uploaded }),
  };
  for (const name of value.tag) if (typeof name === 'string') byTag.set(name, shared);
}

/** Google's numbers are strings; other registries with this form send numbers. Converting an object could throw. */
function numberOf(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
}

/** Stops reading from a registry whose pages never end. */
const MAX_PAGES = 1000;
/** Registries cut lists at round numbers: a list with one of these lengths is checked. */
const PAGE_SIZES = [100, 250, 500, 1000, 10_000];
/** Lengths at which registries of Google's kind are known to cut a list without a way to the rest. */
const KNOWN_CUTS = new Set([1000, 10_000]);
/** The number of tags to request where a registry may have cut the list. */
const CHECK_SIZE = 10_000;

/**
 * Completes a list whose `first` page has been read. Google returns a list as one page; registries of its kind, and gateways
 * in front of them, cut it, some of them without a `Link` to the rest. Where the length of a list looks like a page size, the rest is
 * requested as the distribution specification defines it.
 * https://github.com/google/go-containerregistry/issues/1643
 *
 * @throws LaterPageError when a linked page can't be read
 */
export async function listGoogle(
  client: RegistryClient,
  repository: string,
  first: ListPage,
  { tags, children }: GoogleRepository,
): Promise<GoogleRepository> {
  const all = { tags: new Map(tags), children: new Set(children) };
  const add = (page: ListPage): void => {
    const more = readGoogleList(page);
    for (const child of more?.children ?? []) all.children.add(child);
    for (const [tag, listed] of more?.tags ?? readPlainTags(page))
      if (listed || !all.tags.has(tag)) all.tags.set(tag, listed);
  };
  const scopes = repository === '' ? [] : [pull(repository)];
  const seen = new Set<string>();
  let { next } = first;
  while (next && !seen.has(next.href) && seen.size < MAX_PAGES) {
    seen.add(next.href);
    const page = await getLaterPage(client.transport, next, scopes);
    add(page);
    ({ next } = page);
  }
  const problem = seen.size === 0 ? await checkLength(client, repository, all, add) : undefined;
  return {
    tags: all.tags,
    children: Array.from(all.children),
    ...(problem !== undefined && { problem }),
  };
}

/** A later page may be a plain list. */
function readPlainTags({ json }: ListPage): [string, null][] {
  const parsed = v.safeParse(v.object({ tags: v.nullish(Strings) }), json, FIRST_ISSUE);
  return parsed.success ? (parsed.output.tags ?? []).map((tag) => [tag, null]) : [];
}

/** Requests the tags after the last one, until there are no new ones, where the length of the list looks like a page size. */
async function checkLength(
  client: RegistryClient,
  repository: string,
  all: { readonly tags: ReadonlyMap<string, ListedTag> },
  add: (page: ListPage) => void,
): Promise<string | undefined> {
  if (repository === '' || !PAGE_SIZES.some((size) => all.tags.size === size)) return undefined;
  for (let requests = 0; requests < MAX_PAGES; requests += 1) {
    const before = all.tags.size;
    const last = Array.from(all.tags.keys()).toSorted().at(-1) ?? '';
    const query = `?n=${CHECK_SIZE}&last=${encodeURIComponent(last)}`;
    try {
      add(await client.getList(tagsUrlPath(repository) + query, [pull(repository)]));
    } catch (error) {
      // A registry may refuse a query that it does not know.
      if (!(error instanceof RegistryError)) throw error;
    }
    if (all.tags.size > before) continue;
    return requests === 0 && KNOWN_CUTS.has(before) ? describeCut(before) : undefined;
  }
  return describeCut(all.tags.size);
}

function describeCut(count: number): string {
  return (
    `the registry lists exactly ${formatCount(count)} tags and no further page: it may have cut the list there. Compare ` +
    'with the source; only its registry can list the rest'
  );
}

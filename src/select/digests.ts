import type { Failure } from '../mirror/failure.ts';
import type { ListedTag, Listing, SourceImage, SourceDescriptor } from '../mirror/listing.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import type { KnownDigest } from './known-digest.ts';

/** Requests that are queued at once, so that the host's limiter, which bounds how many are sent, is never idle. */
const MAX_QUEUED = 256;
/** A few refusals are broken manifests; after this many, the registry itself is failing. */
const MAX_REFUSALS = 10;

/** The client that looks digests up. */
export type HeadClient = Pick<RegistryClient, 'headManifest'>;

/** Tags with their digests. */
export interface Resolved {
  readonly images: Listing['images'];
  readonly failures: readonly Failure[];
  /** Number of tags that were not looked up. */
  readonly notRechecked: number;
}

/**
 * Finds the digests of all tags of `images`: from the list, from `knownDigest`, or, for all others, by one request per tag. A
 * tag that has been removed since is left out; a refused tag is a failure of its image.
 */
export async function resolveDigests(
  images: Listing<ListedTag>['images'],
  client: HeadClient,
  knownDigest: KnownDigest,
): Promise<Resolved> {
  const parts = await Promise.all(
    Array.from(images, async ([image, listed]) => resolveImageTags(image, listed, client, knownDigest)),
  );
  const resolved = parts.flatMap(({ image, found }) =>
    found.tags.size > 0 ? [[image, found] as const] : [],
  );
  return {
    images: new Map(resolved),
    failures: parts.flatMap(({ failure }) => (failure ? [failure] : [])),
    notRechecked: parts.reduce((sum, part) => sum + part.notRechecked, 0),
  };
}

interface ResolvedImage {
  readonly image: string;
  readonly found: SourceImage;
  readonly failure?: Failure;
  readonly notRechecked: number;
}

async function resolveImageTags(
  image: string,
  { repository, tags }: SourceImage<ListedTag>,
  client: HeadClient,
  knownDigest: KnownDigest,
): Promise<ResolvedImage> {
  if (hasAllDigests(tags)) return { image, found: { repository, tags }, notRechecked: 0 };
  const known = new Map<string, SourceDescriptor>();
  const open: string[] = [];
  let notRechecked = 0;
  for (const [tag, listed] of tags) {
    const digest = listed ? undefined : knownDigest(image, tag);
    if (digest !== undefined) notRechecked += 1;
    const manifest = listed ?? (digest === undefined ? undefined : { digest });
    if (manifest) known.set(tag, manifest);
    else open.push(tag);
  }
  const { found, refused, error } = await headTags(client, repository, open);
  for (const [tag, manifest] of found) known.set(tag, manifest);
  const failure = error && { image, tags: refused, reason: printable(error.message, 1000) };
  return { image, found: { repository, tags: known }, notRechecked, ...(failure && { failure }) };
}

function hasAllDigests(tags: ReadonlyMap<string, ListedTag>): tags is ReadonlyMap<string, SourceDescriptor> {
  for (const listed of tags.values()) if (!listed) return false;
  return true;
}

/** The digests of tags, and the tags that the registry refused. */
interface Heads {
  readonly found: ReadonlyMap<string, SourceDescriptor>;
  /** Tags that were refused; empty if so many were that the failure is the repository's. */
  readonly refused: readonly string[];
  readonly error?: RegistryError;
}

async function headTags(client: HeadClient, repository: string, tags: readonly string[]): Promise<Heads> {
  const found = new Map<string, SourceDescriptor>();
  const refused = new Map<string, RegistryError>();
  const rest = tags.values();
  const lookUp = async (): Promise<void> => {
    for (const tag of rest) {
      if (refused.size >= MAX_REFUSALS) return;
      try {
        const head = await client.headManifest(repository, tag);
        if (head) found.set(tag, { digest: head.digest, mediaType: head.mediaType });
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        refused.set(tag, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_QUEUED, tags.length) }, lookUp));
  const [error] = refused.values();
  if (!error) return { found, refused: [] };
  if (refused.size >= MAX_REFUSALS) return { found: new Map(), refused: [], error };
  return { found, refused: Array.from(refused.keys()), error };
}

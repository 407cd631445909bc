import type { Failure } from '../mirror/failure.ts';
import type { ListedTag, Listing, SourceImage, SourceDescriptor } from '../mirror/listing.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError, printable } from '../oci/errors.ts';

/** Requests waiting at the host's limiter, so that it is never idle; the limiter bounds how many are sent. */
const WAITING = 256;
/** A broken manifest or two are theirs alone; after so many refusals it is the registry that fails. */
const MAX_REFUSALS = 10;

/** Who is asked for digests. */
export type HeadClient = Pick<RegistryClient, 'headManifest'>;

/** The digest that a tag is taken to have without the source being asked. */
export type KnownDigest = (image: string, tag: string) => Digest | undefined;

/** Tags with their digests. */
export interface Resolved {
  readonly images: Listing['images'];
  readonly failures: readonly Failure[];
  /** Number of tags that were notRechecked. */
  readonly notRechecked: number;
}

/**
 * Finds the digests of all tags of `images`: those that the source listed, that `recall` knows, and, tag by tag, the
 * others. A tag that is gone meanwhile is left out; what is refused is a failure of its image.
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

/** The digests of tags, and what the registry says of those it does not give. */
interface Heads {
  readonly found: ReadonlyMap<string, SourceDescriptor>;
  /** Tags that were refused; none where the repository is, after more than a few. */
  readonly refused: readonly string[];
  readonly error?: RegistryError;
}

async function headTags(client: HeadClient, repository: string, tags: readonly string[]): Promise<Heads> {
  const found = new Map<string, SourceDescriptor>();
  const refused = new Map<string, RegistryError>();
  const rest = tags.values();
  const ask = async (): Promise<void> => {
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
  await Promise.all(Array.from({ length: Math.min(WAITING, tags.length) }, ask));
  const [error] = refused.values();
  if (!error) return { found, refused: [] };
  if (refused.size >= MAX_REFUSALS) return { found: new Map(), refused: [], error };
  return { found, refused: Array.from(refused.keys()), error };
}

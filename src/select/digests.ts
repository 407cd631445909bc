import type { Failure } from '../mirror/failure.ts';
import type { ListedTag, Listing, SourceImage, SourceDescriptor } from '../mirror/listing.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import type { ManifestHead } from '../oci/manifest-response.ts';
import type { KnownDigest } from './known-digest.ts';

/** Requests that are queued at once, so that the host's limiter, which bounds how many are sent, is never idle. */
const MAX_QUEUED = 256;
/** A few refusals are broken manifests; after this many, the registry itself is failing. */
const MAX_REFUSALS = 10;

/** The client that looks digests up. */
export type HeadClient = Pick<RegistryClient, 'headManifest' | 'getManifest' | 'listTags'>;

/** Tags with their digests. */
export interface Resolved {
  readonly images: Listing['images'];
  readonly failures: readonly Failure[];
  /** Number of tags that were not looked up. */
  readonly notRechecked: number;
}

/**
 * Finds the digests of all tags of `images`: from the list, from `knownDigest`, or, for all others, by one request per tag. A
 * tag that the registry refuses, or lists without having its manifest, is a failure of its image. A tag that the registry no
 * longer lists has been removed, and is left out.
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
    failures: parts.flatMap(({ failures }) => failures),
    notRechecked: parts.reduce((sum, part) => sum + part.notRechecked, 0),
  };
}

interface ResolvedImage {
  readonly image: string;
  readonly found: SourceImage;
  readonly failures: readonly Failure[];
  readonly notRechecked: number;
}

async function resolveImageTags(
  image: string,
  { repository, tags }: SourceImage<ListedTag>,
  client: HeadClient,
  knownDigest: KnownDigest,
): Promise<ResolvedImage> {
  if (hasAllDigests(tags)) return { image, found: { repository, tags }, failures: [], notRechecked: 0 };
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
  const { found, missing, refused, error } = await lookUpTags(client, repository, open);
  for (const [tag, manifest] of found) known.set(tag, manifest);
  const failures = [
    ...(error ? [{ image, tags: refused, reason: printable(error.message, 1000) }] : []),
    ...(await failuresOfMissing(image, repository, missing, client)),
  ];
  return { image, found: { repository, tags: known }, failures, notRechecked };
}

function hasAllDigests(tags: ReadonlyMap<string, ListedTag>): tags is ReadonlyMap<string, SourceDescriptor> {
  for (const listed of tags.values()) if (!listed) return false;
  return true;
}

/** Tags without a manifest: those that the registry still lists are a failure, all others have been removed since. */
async function failuresOfMissing(
  image: string,
  repository: string,
  missing: readonly string[],
  client: HeadClient,
): Promise<Failure[]> {
  if (missing.length === 0) return [];
  const listed = await client.listTags(repository).catch((error: unknown) => {
    if (error instanceof RegistryError && error.status === 404) return [];
    if (error instanceof RegistryError) return missing;
    throw error;
  });
  const stillListed = new Set(listed);
  const tags = missing.filter((tag) => stillListed.has(tag));
  return tags.length === 0 ? [] : [{ image, tags, reason: MISSING }];
}

const MISSING =
  'the source lists the tag, but has no manifest for it (status 404). Delete the tag at the source, or leave it out with ' +
  '"exclude"';

/** The digests of tags, and the tags without one. */
interface LookedUp {
  readonly found: ReadonlyMap<string, SourceDescriptor>;
  /** Tags for which the registry has no manifest. */
  readonly missing: readonly string[];
  /** Tags that were refused. Empty if too many were refused: then the whole repository counts as failed. */
  readonly refused: readonly string[];
  readonly error?: RegistryError;
}

async function lookUpTags(
  client: HeadClient,
  repository: string,
  tags: readonly string[],
): Promise<LookedUp> {
  const found = new Map<string, SourceDescriptor>();
  const missing = new Set<string>();
  const refused = new Map<string, RegistryError>();
  const rest = tags.values();
  const work = async (): Promise<void> => {
    for (const tag of rest) {
      if (refused.size >= MAX_REFUSALS) return;
      try {
        const manifest = await findManifest(client, repository, tag);
        if (manifest) found.set(tag, { digest: manifest.digest, mediaType: manifest.mediaType });
        else missing.add(tag);
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        refused.set(tag, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_QUEUED, tags.length) }, work));
  const [error] = refused.values();
  const inOrder = tags.filter((tag) => missing.has(tag));
  if (!error) return { found, missing: inOrder, refused: [] };
  if (refused.size >= MAX_REFUSALS) return { found: new Map(), missing: [], refused: [], error };
  return { found, missing: inOrder, refused: Array.from(refused.keys()), error };
}

/** Some registries answer HEAD with 404 for manifests that GET returns, such as Nexus: GET decides. */
async function findManifest(
  client: HeadClient,
  repository: string,
  tag: string,
): Promise<Pick<ManifestHead, 'digest' | 'mediaType'> | undefined> {
  return (await client.headManifest(repository, tag)) ?? client.getManifest(repository, tag);
}

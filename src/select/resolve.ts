import type { ImageTags } from '../mirror/failure.ts';
import { type Listing, type ResolvedSelection, type SourceImage, countListed } from '../mirror/listing.ts';
import { isSchema1Type } from '../oci/media-types.ts';
import { type HeadClient, resolveDigests } from './digests.ts';
import type { KnownDigest } from './known-digest.ts';
import { type Selection, selectDigestTags, withoutTags } from './select.ts';

/** Finds the digests of the selected tags, then of the digest tags (signatures, attestations, SBOMs) that belong to them. */
export async function resolveSelection(
  { listing, digestTags, filteredOut }: Selection,
  client: HeadClient,
  knownDigest: KnownDigest,
): Promise<ResolvedSelection> {
  const own = await resolveDigests(listing.images, client, knownDigest);
  const attached = selectDigestTags(digestTags, own.images);
  const resolvedAttached = await resolveDigests(attached, client, knownDigest);
  const images = new Map(own.images);
  for (const [image, { repository, tags }] of resolvedAttached.images)
    images.set(image, { repository, tags: new Map([...(images.get(image)?.tags ?? []), ...tags]) });
  const failures = [...listing.failures, ...own.failures, ...resolvedAttached.failures];
  const unmatchedDigestTags = withoutAll(digestTags, attached);
  return {
    ...setSchema1Aside({ ...listing, images, failures }),
    unmatchedDigestTags,
    filteredOut: { ...filteredOut, 'digest-tags': countListed(unmatchedDigestTags) },
    notRechecked: own.notRechecked + resolvedAttached.notRechecked,
  };
}

function withoutAll(all: Selection['digestTags'], some: Selection['digestTags']): Selection['digestTags'] {
  return new Map(
    Array.from(all, ([image, { repository, tags }]) => [
      image,
      { repository, tags: withoutTags(tags, some.get(image)?.tags.keys() ?? []) },
    ]),
  );
}

function setSchema1Aside(listing: Listing): Pick<ResolvedSelection, 'listing' | 'unsupported'> {
  const images = new Map<string, SourceImage>();
  const unsupported: ImageTags[] = [];
  for (const [image, { repository, tags }] of listing.images) {
    const old: string[] = [];
    for (const [tag, { mediaType }] of tags)
      if (mediaType !== undefined && isSchema1Type(mediaType)) old.push(tag);
    if (old.length > 0) unsupported.push({ image, tags: old });
    if (old.length < tags.size) images.set(image, { repository, tags: withoutTags(tags, old) });
  }
  return { listing: { ...listing, images }, unsupported };
}

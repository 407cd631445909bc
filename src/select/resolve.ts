import type { ImageTags } from '../mirror/failure.ts';
import { type Listing, type ResolvedSelection, type SourceImage, countListed } from '../mirror/listing.ts';
import { isSchema1Type } from '../oci/media-types.ts';
import { type HeadClient, type Recall, resolveDigests } from './digests.ts';
import { type Selection, selectFollowers, without } from './select.ts';

/** Finds the digests of what was selected, then of the signatures and the like that follow it. */
export async function resolveSelection(
  { listing, followers, dropped }: Selection,
  client: HeadClient,
  recall: Recall,
): Promise<ResolvedSelection> {
  const own = await resolveDigests(listing.images, client, recall);
  const following = selectFollowers(followers, own.images);
  const followed = await resolveDigests(following, client, recall);
  const images = new Map(own.images);
  for (const [image, { repository, tags }] of followed.images)
    images.set(image, { repository, tags: new Map([...(images.get(image)?.tags ?? []), ...tags]) });
  const failures = [...listing.failures, ...own.failures, ...followed.failures];
  const left = withoutAll(followers, following);
  return {
    ...setSchema1Aside({ ...listing, images, failures }),
    left,
    dropped: { ...dropped, followers: countListed(left) },
    recalled: own.recalled + followed.recalled,
  };
}

function withoutAll(all: Selection['followers'], some: Selection['followers']): Selection['followers'] {
  return new Map(
    Array.from(all, ([image, { repository, tags }]) => [
      image,
      { repository, tags: without(tags, some.get(image)?.tags.keys() ?? []) },
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
    if (old.length < tags.size) images.set(image, { repository, tags: without(tags, old) });
  }
  return { listing: { ...listing, images }, unsupported };
}

import type { Images } from '../metadata/namespace-manifest.ts';
import { followedDigest } from '../source/followers.ts';
import type { Listing } from '../source/listing.ts';
import type { MustAsk } from '../source/recheck.ts';
import { type Platforms, type Work, holds } from './diff.ts';

/**
 * The images that the mirror holds as the source has them, and of which the source is to be asked today what refers to
 * them: work without tags. Those with work of their own are left out, as their referrers come with it.
 */
export function unchangedImages(
  { images }: Listing,
  recorded: Images,
  platforms: Platforms,
  work: readonly Work[],
  mustAsk: MustAsk,
): Work[] {
  const wanted = { platforms, keepsDigests: true };
  const seen = new Set(work.map(({ image, manifest }) => `${image}@${manifest.digest}`));
  const found: Work[] = [];
  for (const [image, { repository, tags }] of images) {
    const entries = recorded.get(image);
    for (const [tag, manifest] of tags) {
      const entry = entries?.get(tag);
      const key = `${image}@${manifest.digest}`;
      if (!entry || seen.has(key) || followedDigest(tag) !== undefined) continue;
      if (!holds(tag, entry, manifest.digest, wanted) || !mustAsk(image, tag)) continue;
      seen.add(key);
      found.push({ image, repository, manifest, added: [], updated: [] });
    }
  }
  return found;
}

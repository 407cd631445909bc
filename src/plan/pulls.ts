import type { Platforms } from '../mirror/platforms.ts';
import type { Pulls } from '../mirror/result.ts';
import type { Work } from '../mirror/work.ts';
import { isIndexType } from '../oci/media-types.ts';

/**
 * The number of manifest requests to the source that copying `works` takes: one for each, one more if docker pulls it
 * too, and, for an index, one per platform. An index has at least one. https://docs.docker.com/docker-hub/usage/pulls/
 */
export function countPulls(works: readonly Work[], engine: 'docker' | 'registry', referrers = false): Pulls {
  let count = 0;
  // Referrers of an image are only found when it is copied.
  let exact = !referrers || works.length === 0;
  for (const { mediaType } of works.map(({ descriptor }) => descriptor)) {
    const isIndex = mediaType !== undefined && isIndexType(mediaType);
    count += isIndex || engine === 'docker' ? 2 : 1;
    if (isIndex || mediaType === undefined) exact = false;
  }
  return { count, exact };
}

/** Assumed number of platforms of an index. */
const USUAL_PLATFORMS = 8;

/** Assumed number of referrers that are copied with an image. */
const USUAL_REFERRERS = 2;

/** Estimates how many pulls one piece of work takes, rather too many than too few. */
export function estimatePulls(
  { descriptor: { mediaType }, added, updated }: Work,
  {
    engine,
    platforms,
    referrers = false,
  }: {
    readonly engine: 'docker' | 'registry';
    readonly platforms: Platforms;
    readonly referrers?: boolean;
  },
): number {
  // Work without tags looks for new referrers only, and mostly finds none.
  if (added.length + updated.length === 0) return 1;
  return pullsOf(mediaType, engine, platforms) + (referrers ? USUAL_REFERRERS : 0);
}

function pullsOf(mediaType: string | undefined, engine: 'docker' | 'registry', platforms: Platforms): number {
  if (mediaType !== undefined && isIndexType(mediaType))
    return 1 + (platforms === 'all' ? USUAL_PLATFORMS : platforms.length);
  return engine === 'docker' ? 2 : 1;
}

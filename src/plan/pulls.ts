import { isIndexType } from '../oci/media-types.ts';
import type { Pulls } from '../report/result.ts';
import type { Platforms, Work } from './diff.ts';

/**
 * What copying `works` asks of the source's manifests: one request for each, one more where docker pulls it besides,
 * and, for an index, one a platform, of which it has at least one. https://docs.docker.com/docker-hub/usage/pulls/
 */
export function countPulls(works: readonly Work[], engine: 'docker' | 'registry'): Pulls {
  let count = 0;
  let exact = true;
  for (const { mediaType } of works.map(({ manifest }) => manifest)) {
    const isIndex = mediaType !== undefined && isIndexType(mediaType);
    count += isIndex || engine === 'docker' ? 2 : 1;
    if (isIndex || mediaType === undefined) exact = false;
  }
  return { count, exact };
}

/** Platforms of an index of which nobody knows how many it has. */
const USUAL_PLATFORMS = 8;

/** About how many pulls one piece of work takes, rather too many than too few. */
export function estimatePulls(
  { manifest: { mediaType } }: Work,
  { engine, platforms }: { readonly engine: 'docker' | 'registry'; readonly platforms: Platforms },
): number {
  if (mediaType !== undefined && isIndexType(mediaType))
    return 1 + (platforms === 'all' ? USUAL_PLATFORMS : platforms.length);
  return engine === 'docker' ? 2 : 1;
}

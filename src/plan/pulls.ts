import { isIndexType } from '../oci/media-types.ts';
import type { Pulls } from '../report/result.ts';
import type { Work } from './diff.ts';

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

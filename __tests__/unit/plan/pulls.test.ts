import { describe, expect, it } from 'vitest';
import { DOCKER_MANIFEST, OCI_INDEX } from '../../../src/oci/media-types.ts';
import { countPulls } from '../../../src/plan/pulls.ts';
import type { Work } from '../../../src/plan/diff.ts';
import { digest } from '../../support/digests.ts';

function work(mediaType?: string): Work {
  const manifest = { digest: digest(1), ...(mediaType !== undefined && { mediaType }) };
  return { image: 'a', repository: 'ns/a', manifest, added: ['x', 'y'], updated: [] };
}

describe('countPulls', () => {
  it.each([
    ['an image, registry to registry', [DOCKER_MANIFEST], 'registry', { count: 1, exact: true }],
    ['an image that docker pulls', [DOCKER_MANIFEST], 'docker', { count: 2, exact: true }],
    [
      'an index, of which only a copy tells the platforms',
      [OCI_INDEX],
      'registry',
      { count: 2, exact: false },
    ],
    ['what the source does not tell', [undefined], 'registry', { count: 1, exact: false }],
    ['several', [DOCKER_MANIFEST, DOCKER_MANIFEST, OCI_INDEX], 'registry', { count: 4, exact: false }],
    ['nothing', [], 'docker', { count: 0, exact: true }],
  ] as const)('counts %s', (_, types, engine, pulls) => {
    expect(
      countPulls(
        types.map((type) => work(type)),
        engine,
      ),
    ).toEqual(pulls);
  });
});

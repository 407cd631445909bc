import { describe, expect, it } from 'vitest';
import type { Work } from '../../../src/mirror/work.ts';
import { DOCKER_MANIFEST, OCI_INDEX } from '../../../src/oci/media-types.ts';
import { countPulls, estimatePulls } from '../../../src/plan/pulls.ts';
import { digest } from '../../support/fixtures/digests.ts';

function work(mediaType?: string): Work {
  const descriptor = { digest: digest(1), ...(mediaType !== undefined && { mediaType }) };
  return { image: 'a', repository: 'ns/a', descriptor, added: ['x', 'y'], updated: [] };
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

  it('is a lower bound when referrers are copied too', () => {
    expect(countPulls([work(DOCKER_MANIFEST)], 'registry', true)).toEqual({ count: 1, exact: false });
    expect(countPulls([], 'registry', true)).toEqual({ count: 0, exact: true });
  });
});

describe('estimatePulls', () => {
  const all = { engine: 'registry', platforms: 'all' } as const;

  it('adds pulls for referrers, and takes one where only referrers may be new', () => {
    expect(estimatePulls(work(DOCKER_MANIFEST), all)).toBe(1);
    expect(estimatePulls(work(DOCKER_MANIFEST), { ...all, referrers: true })).toBe(3);
    expect(estimatePulls({ ...work(OCI_INDEX), added: [] }, { ...all, referrers: true })).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import type { IsDue } from '../../../src/mirror/recheck.ts';
import { referrersTag } from '../../../src/oci/digest-tags.ts';
import { diff, findUnchangedImages } from '../../../src/plan/diff.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listing, recorded } from '../../support/fixtures/listings.ts';

/** The images, each by its name and digest, that are asked for. */
function asked(
  tags: Parameters<typeof listing>[0],
  have: Parameters<typeof recorded>[0],
  isDue: IsDue = () => true,
  platforms: 'all' | string[] = 'all',
): unknown {
  const source = listing(tags);
  const settings = { platforms, referrers: true };
  const { work } = diff(source, recorded(have), settings);
  const found = findUnchangedImages(source, recorded(have), () => settings, work, isDue);
  expect(found.every(({ added, updated }) => added.length + updated.length === 0)).toBe(true);
  return found.map(({ repository, descriptor }) => `${repository}@${descriptor.digest.slice(-1)}`);
}

describe('findUnchangedImages', () => {
  it('finds images that the mirror has, once for all tags of a digest', () => {
    const tags = { a: { v1: digest(1), latest: digest(1), v2: digest(2) }, b: { v1: digest(1) } };
    expect(asked(tags, tags)).toEqual(['ns/a@1', 'ns/a@2', 'ns/b@1']);
  });

  it('finds images with at least one tag that is due today', () => {
    const tags = { a: { v1: digest(1), latest: digest(1), v2: digest(2) } };
    expect(asked(tags, tags, (_, tag) => tag === 'latest')).toEqual(['ns/a@1']);
    expect(asked(tags, tags, () => false)).toEqual([]);
  });

  it('leaves out images that are copied, undetermined or new', () => {
    const tags = { a: { moved: digest(1), same: digest(1), open: digest(2), added: digest(3) } };
    expect(asked(tags, { a: { moved: digest(9), same: digest(1), open: null } })).toEqual([]);
  });

  it('leaves out digest tags', () => {
    const list = referrersTag(digest(1));
    const tags = { a: { v1: digest(1), [list]: digest(2), [`${list}.sig`]: digest(3) } };
    expect(asked(tags, tags)).toEqual(['ns/a@1']);
  });

  it('includes indexes that were reduced to the platforms, but not images whose digest docker changed', () => {
    const reduced = { digest: digest(1), target: digest(8), platforms: ['linux/amd64'] };
    const have = { a: { v1: reduced, v2: { digest: digest(2), target: digest(9) } } };
    expect(asked({ a: { v1: digest(1), v2: digest(2) } }, have, undefined, ['linux/amd64'])).toEqual([
      'ns/a@1',
    ]);
  });
});

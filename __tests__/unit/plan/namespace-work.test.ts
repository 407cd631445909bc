import { expect, it } from 'vitest';
import type { Work } from '../../../src/mirror/work.ts';
import { workOf } from '../../../src/plan/namespace-work.ts';
import { digest } from '../../support/fixtures/digests.ts';

const NAMESPACE = { registry: 'gcr.io', path: 'ns' };

it('workOf adds up tags, bytes and manifests without a size by image, undetermined ones among these', () => {
  const work = (image: string, size: number | undefined, added: string[], updated: string[]): Work => ({
    image,
    repository: `ns/${image}`,
    descriptor: { digest: digest(1), ...(size !== undefined && { size }) },
    added,
    updated,
  });
  const undetermined = { image: 'b', repository: 'ns/b', tag: 'old', descriptor: { digest: digest(2) } };
  expect(
    workOf(NAMESPACE, {
      work: [work('a', 10, ['v1', 'v2'], []), work('a', undefined, [], ['v3']), work('b', 5, ['v1'], [])],
      undetermined: [undetermined],
    }),
  ).toEqual({
    namespace: NAMESPACE,
    images: [
      { image: 'a', tags: 3, bytes: 10, unsized: 1 },
      { image: 'b', tags: 2, bytes: 5, unsized: 1 },
    ],
  });
});

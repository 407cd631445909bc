import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMatrix } from '../../../src/plan/matrix.ts';
import type { ImageWork, NamespaceWork } from '../../../src/plan/namespace-work.ts';

const OPTIONS = { maxEntries: 5, filters: { include: [], exclude: [] } };

function listed(image: string, tags: number, bytes = 1): ImageWork {
  const lines = Array.from({ length: tags }, (_, index) => `quay.io/org/${image}:v${index}`);
  return { image, tags, bytes, unsized: 0, lines };
}

function list(path: string, images: readonly ImageWork[]): NamespaceWork {
  return { namespace: { registry: 'quay.io', path }, isListOnly: true, images };
}

const WHOLE: NamespaceWork = {
  namespace: { registry: 'gcr.io', path: 'distroless' },
  images: [{ image: 'base', tags: 1, bytes: 1, unsized: 0 }],
};

describe('planMatrix, with lists', () => {
  it('hands lists over in a key of their own, beside namespaces', () => {
    const { include } = planMatrix([WHOLE, list('org', [listed('a', 2)])], { ...OPTIONS, maxEntries: 1 });
    expect(include).toEqual([
      expect.objectContaining({
        namespace: 'gcr.io/distroless',
        images: '',
        list: 'quay.io/org/a:v0\nquay.io/org/a:v1',
        tags: 3,
      }),
    ]);
  });

  it('names no namespace for a job that has a list only, and tells it that it has a part', () => {
    const { include } = planMatrix([list('org', [listed('a', 1)])], OPTIONS);
    expect(include).toEqual([
      expect.objectContaining({
        namespace: '',
        images: '',
        list: 'quay.io/org/a:v0',
        'shard-index': '0-65535',
        'shard-total': 65_536,
      }),
    ]);
  });

  it('hands the targets over where there are several', () => {
    const targets = 'ghcr.io/one\nghcr.io/two';
    expect(planMatrix([WHOLE], { ...OPTIONS, targets }).include).toEqual([
      expect.objectContaining({ target: targets }),
    ]);
    expect(planMatrix([WHOLE], OPTIONS).include[0]).not.toHaveProperty('target');
  });

  it('gives each line to exactly one job, and no job more than an input holds', () => {
    const work = fc.array(
      fc.uniqueArray(
        fc.record({
          image: fc.stringMatching(/^[a-z]{1,4}$/),
          tags: fc.integer({ min: 1, max: 60 }),
          bytes: fc.nat(1000),
        }),
        { selector: ({ image }) => image, minLength: 1, maxLength: 30 },
      ),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(work, fc.integer({ min: 1, max: 20 }), (all, maxEntries) => {
        const works = all.map((images, index) =>
          list(
            `org${index}`,
            images.map(({ image, tags, bytes }) => listed(`${image}-${index}`, tags, bytes)),
          ),
        );
        const { include } = planMatrix(works, { ...OPTIONS, maxEntries });
        const lists = include.map((entry) => entry.list ?? '');
        for (const one of lists) expect(one.length).toBeLessThanOrEqual(32_000);
        const lines = works.flatMap(({ images }) => images.flatMap((image) => image.lines ?? []));
        expect(lists.flatMap((one) => one.split('\n')).toSorted()).toEqual(lines.toSorted());
      }),
    );
  });
});

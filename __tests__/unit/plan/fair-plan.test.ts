import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JobPlan, planJobs } from '../../../src/plan/fair-plan.ts';
import type { ImageWork, NamespaceWork } from '../../../src/plan/namespace-work.ts';

function namespaceOf(path: string, images: readonly ImageWork[]): NamespaceWork {
  return { namespace: { registry: 'gcr.io', path }, images };
}

const imageOf = (image: string, bytes: number, lines?: readonly string[]): ImageWork => ({
  image,
  tags: 1,
  bytes,
  unsized: 0,
  ...(lines && { lines }),
});

/** The images of each job. */
function jobsOf(plans: readonly JobPlan[]): string[][] {
  return plans.flatMap((plan) =>
    plan.kind === 'whole'
      ? [plan.piles.flatMap((pile) => pile.loads.map(({ image }) => `${pile.namespace.path}/${image}`))]
      : plan.parts.map((part) => part.map(({ image }) => `${plan.pile.namespace.path}/${image}`)),
  );
}

describe('planJobs', () => {
  it('cuts a large namespace, and gives small ones one job together', () => {
    const works = [
      namespaceOf('small', [imageOf('a', 10)]),
      namespaceOf('large', [imageOf('a', 100), imageOf('b', 100)]),
      namespaceOf('tiny', [imageOf('a', 5)]),
    ];
    expect(jobsOf(planJobs(works, 3))).toEqual([['large/a'], ['large/b'], ['small/a', 'tiny/a']]);
  });

  it('cuts what has more lines of lists than an input can hold', () => {
    const lines = Array.from({ length: 100 }, (_, line) => `gcr.io/list/${'x'.repeat(200)}:${line}`);
    const works = [
      namespaceOf('list', [imageOf('a', 1, lines), imageOf('b', 1, lines)]),
      namespaceOf('other', [imageOf('a', 1, lines)]),
    ];
    expect(jobsOf(planJobs(works, 1))).toEqual([['list/a'], ['list/b'], ['other/a']]);
  });

  it('puts each image into exactly one job, and makes no more jobs than wanted', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(sizes, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 12 }),
        (all, most) => {
          const works = all.map((bytes, index) =>
            namespaceOf(
              `n${index}`,
              bytes.map((size, image) => imageOf(`i${image}`, size)),
            ),
          );
          const jobs = jobsOf(planJobs(works, most));
          expect(jobs.length).toBeLessThanOrEqual(most);
          const names = all.flatMap((bytes, index) => bytes.map((_, image) => `n${index}/i${image}`));
          expect(jobs.flat().toSorted()).toEqual(names.toSorted());
        },
      ),
    );
  });
});

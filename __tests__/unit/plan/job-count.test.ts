import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copySeconds, jobCount } from '../../../src/plan/job-count.ts';
import type { NamespaceWork } from '../../../src/plan/namespace-work.ts';

const GHCR = { registry: 'ghcr.io', path: 'mirror' };
const HUB = { registry: 'docker.io', path: 'gcrxio' };
const OPTIONS = { jobTime: 600_000, engine: 'registry', targets: [GHCR] } as const;

function works(...images: { tags: number; bytes?: number; unsized?: number }[]): NamespaceWork[] {
  return [
    {
      namespace: { registry: 'gcr.io', path: 'ns' },
      images: images.map(({ tags, bytes = 0, unsized = 0 }, index) => ({
        image: `i${index}`,
        tags,
        bytes,
        unsized,
      })),
    },
  ];
}

describe('jobCount', () => {
  it('is one for a few small tags, and for the 83 tags of a real week', () => {
    expect(jobCount(works({ tags: 1, bytes: 1000 }, { tags: 1, bytes: 1000 }), OPTIONS)).toBe(1);
    expect(jobCount(works({ tags: 83, bytes: 83 * 30_000_000 }), OPTIONS)).toBe(1);
    expect(jobCount([], OPTIONS)).toBe(1);
  });

  it('grows with bytes, with tags, and with a shorter time', () => {
    expect(jobCount(works({ tags: 1, bytes: 100_000_000_000 }), OPTIONS)).toBe(4);
    expect(jobCount(works({ tags: 100_000 }), OPTIONS)).toBe(4);
    expect(jobCount(works({ tags: 100_000 }), { ...OPTIONS, jobTime: 60_000 })).toBe(34);
  });

  it('assumes a size where the source reports none', () => {
    expect(jobCount(works({ tags: 1000, unsized: 1000 }), OPTIONS)).toBe(3);
  });

  it('expects more time of docker, and of registries that limit requests, as sources and as targets', () => {
    const some = works({ tags: 10, bytes: 1_000_000_000 });
    const plain = copySeconds(some, OPTIONS);
    expect(copySeconds(some, { ...OPTIONS, engine: 'docker' })).toBeGreaterThan(2 * plain);
    expect(copySeconds(some, { ...OPTIONS, targets: [GHCR, HUB] })).toBeCloseTo(3 * plain);
    const fromHub = some.map((one) => ({ ...one, namespace: HUB }));
    expect(copySeconds(fromHub, OPTIONS)).toBeCloseTo(3 * plain);
  });

  it('never falls when work is added', () => {
    const image = fc.record({ tags: fc.nat(1000), bytes: fc.nat(2 ** 31), unsized: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(image), image, (some, more) => {
        expect(jobCount(works(...some, more), OPTIONS)).toBeGreaterThanOrEqual(
          jobCount(works(...some), OPTIONS),
        );
      }),
    );
  });
});

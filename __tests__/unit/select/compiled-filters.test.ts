import { describe, expect, it } from 'vitest';
import type { Filters } from '../../../src/mirror/filters.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { digest } from '../../support/fixtures/digests.ts';

const NONE: Filters = { include: [], exclude: [] };

describe('wantsName', () => {
  it('accepts digest tags whatever the range of versions', () => {
    const { wantsName } = new CompiledFilters({ ...NONE, include: [['a:v*']], semver: '>=2' });
    const follower = `${digest(1).replace(':', '-')}.sig`;
    expect([
      wantsName('a', 'v2'),
      wantsName('a', 'v1'),
      wantsName('a', follower),
      wantsName('b', follower),
    ]).toEqual([true, false, true, false]);
  });
});

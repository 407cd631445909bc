import { describe, expect, it } from 'vitest';
import { pullLimitOf } from '../../../src/oci/pull-limit.ts';
import { responseOf } from '../../support/fixtures/responses.ts';

describe('pullLimitOf', () => {
  it.each([
    ['20;w=21600', { remaining: 20, window: 21_600_000 }],
    [' 20 ; w=60', { remaining: 20, window: 60_000 }],
    ['0', { remaining: 0 }],
    ['100;policy=x', { remaining: 100 }],
  ])('reads %s', async (header, limit) => {
    expect(pullLimitOf(await responseOf({ 'ratelimit-remaining': header }))).toEqual(limit);
  });

  it.each(['', '-1', 'many', ';w=60'])('finds no limit in %j', async (header) => {
    expect(pullLimitOf(await responseOf({ 'ratelimit-remaining': header }))).toBeUndefined();
  });

  it('finds no limit where there is no header', async () => {
    expect(pullLimitOf(await responseOf())).toBeUndefined();
  });
});

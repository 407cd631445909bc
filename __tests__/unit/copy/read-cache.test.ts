import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadCache } from '../../../src/copy/read-cache.ts';

describe('ReadCache', () => {
  it('reads once what several need at the same time or later', async () => {
    const cache = new ReadCache<string>(100, ({ length }) => length);
    let reads = 0;
    const read = async (): Promise<string> => `read ${(reads += 1)}`;
    expect(await Promise.all([cache.get('a', read), cache.get('a', read)])).toEqual(['read 1', 'read 1']);
    expect(await cache.get('a', read)).toBe('read 1');
    expect(await cache.get('b', read)).toBe('read 2');
  });

  it('keeps neither failures nor what is missing', async () => {
    const cache = new ReadCache<string>(100, ({ length }) => length);
    const failing = async (): Promise<string> => {
      throw new Error('status 503');
    };
    const both = [cache.get('a', failing), cache.get('a', failing)];
    for (const one of both) await expect(one).rejects.toThrow('status 503');
    expect(await cache.get('a', async () => undefined)).toBeUndefined();
    expect(await cache.get('a', async () => 'found')).toBe('found');
  });

  it('drops what was used least recently', async () => {
    const cache = new ReadCache<string>(10, ({ length }) => length);
    const reads: string[] = [];
    const get = async (key: string): Promise<unknown> =>
      cache.get(key, async () => {
        reads.push(key);
        return '12345';
      });
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key);
    expect(reads).toEqual(['a', 'b', 'c', 'b']);
  });

  it('holds no more bytes than it may, and returns what was read under the key', async () => {
    const Gets = fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(Gets, fc.integer({ min: 1, max: 30 }), async (gets, limit) => {
        const cache = new ReadCache<number>(limit, (value) => value + 1);
        const last: number[] = [];
        for (const [value, isKept] of gets) {
          const got = await cache.get(String(value), async () => (isKept ? value : undefined));
          expect(got === undefined || got === value).toBe(true);
          if (got !== undefined) last.push(value);
        }
        // What is kept is not read again: it must fit into the limit.
        let kept = 0;
        for (const value of new Set(last)) {
          let isRead = false;
          await cache.get(String(value), async () => {
            isRead = true;
            return undefined;
          });
          if (!isRead) kept += value + 1;
        }
        expect(kept).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { type Rule, concerns, rulesOf, wantedBy } from '../../../src/select/rules.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { listSettings, listedImage } from '../../support/fixtures/lists.ts';

const EXACT = listedImage('a', { references: [{ tag: 'v1' }, { tag: 'v2', digest: digest(2) }] });
const FILTERED = listedImage('a', {
  filters: { include: [['*:v*']], exclude: [] },
  names: ['{image}', 'x/{name}'],
});

const kindOf = ({ image, references }: Rule): string =>
  references ? 'exact' : image === undefined ? 'whole' : 'filtered';

describe('rulesOf', () => {
  it('has exact tags first, then filtered images, then the whole namespace', () => {
    const list = [FILTERED, EXACT, FILTERED];
    expect(rulesOf(listSettings({ list })).map(kindOf)).toEqual(['exact', 'filtered', 'filtered', 'whole']);
    expect(rulesOf(listSettings({ list, isListOnly: true })).map(kindOf)).not.toContain('whole');
    expect(rulesOf(listSettings()).map(kindOf)).toEqual(['whole']);
  });

  it('looks up tags, digests, and tags with the digest that they are to have', () => {
    const references = [{ tag: 'v1' }, { digest: digest(1) }, { tag: 'v2', digest: digest(2) }];
    const [rule] = rulesOf(listSettings({ list: [listedImage('a', { references })] }));
    expect(Array.from(rule?.references ?? [])).toEqual([
      ['v1', undefined],
      [digest(1), digest(1)],
      ['v2', digest(2)],
    ]);
  });

  it('has the keys of all names of an image, each once', () => {
    const names = ['{image}', '{name}', 'other', 'other'];
    const [rule] = rulesOf(listSettings({ list: [listedImage('a/b', { names })] }));
    expect(rule?.keysOf('a/b')).toEqual(['a/b', 'a/b as b', 'a/b as other']);
    expect(rule?.keysOf('c')).toEqual(['c', 'c as other']);
    expect(rule?.keysOf('a/b')).toEqual(['a/b', 'a/b as b', 'a/b as other']);
  });

  it('mirrors an entry as it says, and everything else as the namespace', () => {
    const list = [listedImage('a', { platforms: ['linux/arm64'], referrers: true })];
    expect(rulesOf(listSettings({ list })).map(({ settings }) => settings)).toEqual([
      { platforms: ['linux/arm64'], referrers: true },
      undefined,
    ]);
  });
});

describe('concerns', () => {
  it('is true for the keys of the names that a rule gives, of its own image', () => {
    const [rule] = rulesOf(listSettings({ list: [FILTERED] }));
    if (!rule) throw new Error('no rule');
    expect(['a', 'a as x/a', 'a as y', 'b'].map((key) => concerns(rule, key))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('follows the name that the namespace gives its images', () => {
    const [whole] = rulesOf(listSettings({ targetName: 'x/{image}' }));
    if (!whole) throw new Error('no rule');
    expect(['a', 'a as x/a', 'b as x/a'].map((key) => concerns(whole, key))).toEqual([false, true, false]);
  });
});

describe('wantedBy', () => {
  it('is true for tags that an exact entry names, or that filters select', () => {
    const filters = { include: [['b']], exclude: ['*:nightly'] };
    const wants = wantedBy(rulesOf(listSettings({ list: [EXACT], filters })));
    expect([wants('a', 'v1'), wants('a', 'v3'), wants('b', 'v3'), wants('b', 'nightly')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(wants('a as x', 'v1')).toBe(false);
  });
});

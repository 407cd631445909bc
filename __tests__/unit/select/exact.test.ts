import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/mirror/failure.ts';
import type { ListedImageSettings } from '../../../src/mirror/settings.ts';
import { failuresOfReferences, listReferences } from '../../../src/select/exact.ts';
import type { ListedRule } from '../../../src/select/listed.ts';
import { rulesOf } from '../../../src/select/rules.ts';
import { select } from '../../../src/select/select.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { NAMESPACE, listing, recorded } from '../../support/fixtures/listings.ts';
import { listSettings, listedImage } from '../../support/fixtures/lists.ts';

const TAGS = [{ tag: 'v1' }, { tag: 'v2' }, { digest: digest(3) }, { tag: 'v4', digest: digest(4) }];

/** The rule of an entry that names exact tags of the image `a`. */
function exact(given: Partial<ListedImageSettings> = {}): ListedRule {
  const [rule] = rulesOf(listSettings({ list: [listedImage('a', { references: TAGS, ...given })] }));
  if (!rule) throw new Error('no rule');
  const found = listReferences(NAMESPACE, rule);
  return { ...rule, listing: found, selection: select(found, rule.filters) };
}

describe('listReferences', () => {
  it('has the tags without digests, and what a digest is given for with that', () => {
    const { images, failures } = listReferences(NAMESPACE, exact());
    expect(images.get('a')?.repository).toBe('ns/a');
    expect(Array.from(images.get('a')?.tags ?? [])).toEqual([
      ['v1', null],
      ['v2', null],
      [digest(3), { digest: digest(3) }],
      ['v4', { digest: digest(4) }],
    ]);
    expect(failures).toEqual([]);
  });
});

describe('failuresOfReferences', () => {
  const found = { [digest(3)]: digest(3), v4: digest(4) };

  it('fails what the source does not have, and names the remedy', () => {
    const failures = failuresOfReferences(exact(), listing({ a: { ...found, v1: digest(1) } }), new Map());
    expect(failures).toEqual([
      {
        image: 'a',
        tags: ['v2'],
        reason: expect.stringMatching(/^gcr\.io\/ns\/a has no such tag.*credentials/),
      },
    ]);
    expect(failuresOfReferences(exact(), listing({}), new Map())).toMatchObject([
      { tags: ['v1', 'v2', digest(3), 'v4'] },
    ]);
  });

  it('fails nothing that is recorded under one of the names of the image', () => {
    const rule = exact({ names: ['{image}', 'b'] });
    const record = recorded({ a: { v1: digest(1) }, 'a as b': { v2: null }, 'a as c': { v1: digest(1) } });
    expect(failuresOfReferences(rule, listing({ a: found }), record)).toEqual([]);
    const other = recorded({ 'a as c': { v1: digest(1), v2: digest(1) } });
    expect(failuresOfReferences(rule, listing({ a: found }), other)).toMatchObject([{ tags: ['v1', 'v2'] }]);
  });

  it('fails nothing twice that was refused', () => {
    const refused = (tags: string[]): Failure[] => [{ image: 'a', tags, reason: 'is down' }];
    const some = { ...listing({ a: found }), failures: refused(['v1']) };
    expect(failuresOfReferences(exact(), some, new Map())).toMatchObject([{ tags: ['v2'] }]);
    expect(failuresOfReferences(exact(), { ...listing({}), failures: refused([]) }, new Map())).toEqual([]);
  });

  it('fails nothing that filters leave out', () => {
    const rule = exact({ filters: { include: [], exclude: ['a:v2'] } });
    expect(failuresOfReferences(rule, listing({ a: found }), new Map())).toMatchObject([{ tags: ['v1'] }]);
  });
});

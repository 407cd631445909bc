import { describe, expect, it } from 'vitest';
import type { ListedTag, Listing } from '../../../src/mirror/listing.ts';
import { formatNamespace } from '../../../src/mirror/namespace.ts';
import { CompiledFilters } from '../../../src/select/compiled-filters.ts';
import { warnOfFilters } from '../../../src/select/filter-warnings.ts';
import type { Listed } from '../../../src/select/listed.ts';
import { select } from '../../../src/select/select.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';

interface Source {
  readonly tags: Record<string, ListedTag>;
  readonly failures?: Listing['failures'];
}

/** The warnings about `given` inputs where the sources hold an image `a` each. */
function warnings(given: Record<string, string>, ...sources: Source[]): string[] {
  const names = sources.map((_, index) => `gcr.io/n${index}`);
  const inputs = parseTestInputs({ namespaces: names.join(), ...given });
  const listed = sources.map(({ tags, failures = [] }, index): Listed => {
    const [settings = inputs.namespaces[0]] = inputs.namespaces.slice(index);
    if (!settings) throw new Error('no namespace');
    const filters = new CompiledFilters(settings.filters);
    const images = new Map([['a', { repository: 'n/a', tags: new Map(Object.entries(tags)) }]]);
    const listing = { namespace: settings.namespace, images, failures };
    return {
      settings,
      name: formatNamespace(settings.namespace),
      rules: [{ filters, keysOf: (image) => [image], listing, selection: select(listing, filters) }],
    };
  });
  return warnOfFilters(listed, inputs);
}

const [ONE, TWO] = [{ tags: { v1: null } }, { tags: { v2: null } }];

describe('warnOfFilters', () => {
  it('warns of nothing when filters and sources match', () => {
    expect(warnings({ include: '**:v*', exclude: 'a:v1', latest: '1' }, ONE, TWO)).toEqual([
      'The filters select nothing from gcr.io/n0, which has 1 tag',
    ]);
    expect(warnings({ include: '**:v*', semver: '*' }, ONE, TWO)).toEqual([]);
  });

  it('names a pattern that matches nothing in any namespace', () => {
    expect(warnings({ include: '**', exclude: '*:v1\n*:v9' }, ONE, TWO)).toContain(
      'The pattern "*:v9" in "include" or "exclude" matches nothing',
    );
    expect(warnings({ include: '**:v1\n**:v2\n**:v3' }, ONE, TWO)).toEqual([
      'The pattern "**:v3" in "include" or "exclude" matches nothing',
    ]);
  });

  it('does not warn when the listing is incomplete', () => {
    const failed = { tags: { v1: null }, failures: [{ image: 'b', tags: [], reason: 'down' }] };
    expect(warnings({ exclude: 'b' }, failed)).toEqual([]);
    expect(warnings({ exclude: 'b', include: 'a' }, ONE)).toEqual([]);
    expect(warnings({ exclude: 'b', 'shard-index': '1', 'shard-total': '2' }, ONE)).toEqual([]);
    expect(warnings({ exclude: 'b', 'shard-index': '0', 'shard-total': '2' }, ONE)).toHaveLength(1);
  });

  it('warns when the source does not report push times', () => {
    expect(warnings({ 'newer-than': '1d' }, ONE)).toEqual([
      expect.stringContaining('gcr.io/n0: its registry does not report when tags were pushed'),
    ]);
    const uploaded = Date.UTC(2026, 10, 25, 11);
    expect(
      warnings({ 'newer-than': '1d' }, { tags: { v1: { digest: `sha256:${'0'.repeat(64)}`, uploaded } } }),
    ).toEqual([]);
  });
});

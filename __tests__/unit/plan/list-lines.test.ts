import { describe, expect, it } from 'vitest';
import type { ListedImageSettings, TagSettings } from '../../../src/mirror/settings.ts';
import { type PlanOfList, listLines } from '../../../src/plan/list-lines.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const ENTRY: ListedImageSettings = {
  image: 'pause',
  references: [{ tag: '3.10' }],
  names: ['{image}'],
  platforms: 'all',
  referrers: false,
  filters: { include: [], exclude: [] },
};

/** The plan of a list with these tags by key, all with the same platforms but for those in `platforms`. */
function planOf(
  tags: Readonly<Record<string, readonly string[]>>,
  {
    list = [ENTRY],
    platforms = {},
  }: { list?: ListedImageSettings[]; platforms?: Record<string, string[]> } = {},
): PlanOfList {
  const plan = namespacePlan();
  const images = Object.entries(tags).map(
    ([key, names]) =>
      [
        key,
        { repository: `ns/${key}`, tags: new Map(names.map((tag) => [tag, { digest: digest(1) }])) },
      ] as const,
  );
  const settingsOf = (_: string, tag: string): TagSettings => ({
    platforms: platforms[tag] ?? 'all',
    referrers: false,
  });
  return {
    settings: { ...plan.settings, list },
    listing: { ...plan.listing, images: new Map(images) },
    settingsOf,
  };
}

describe('listLines', () => {
  it('writes each reference once, whatever the number of names and targets', () => {
    const one = planOf({ pause: ['3.10', '3.9'], 'pause as mirrored-pause': ['3.10'] });
    expect(listLines([one, one])).toEqual(
      new Map([['pause', ['gcr.io/ns/pause:3.10', 'gcr.io/ns/pause:3.9']]]),
    );
  });

  it('writes platforms, digests, and tags with the digest that they are to have', () => {
    const list = [{ ...ENTRY, references: [{ tag: 'pinned', digest: digest(7) }, { digest: digest(8) }] }];
    const plan = planOf(
      { pause: ['pinned', digest(8), 'arm'] },
      { list, platforms: { arm: ['linux/arm64', 'linux/amd64'] } },
    );
    expect(listLines([plan]).get('pause')?.toSorted()).toEqual(
      [
        '--platform=linux/arm64,linux/amd64 gcr.io/ns/pause:arm',
        `gcr.io/ns/pause:pinned@${digest(7)}`,
        `gcr.io/ns/pause@${digest(8)}`,
      ].toSorted(),
    );
  });

  it('leaves platforms to the config file where its entries differ', () => {
    const one = planOf({ pause: ['3.10'] }, { platforms: { '3.10': ['linux/amd64'] } });
    const other = planOf({ 'pause as arm-pause': ['3.10'] }, { platforms: { '3.10': ['linux/arm64'] } });
    expect(listLines([one, other]).get('pause')).toEqual(['gcr.io/ns/pause:3.10']);
  });

  it('writes nothing for what a namespace as a whole selects', () => {
    const { list: _, ...settings } = planOf({}).settings;
    expect(listLines([{ ...planOf({ base: ['v1'] }), settings }])).toEqual(new Map());
    expect(listLines([{ ...planOf({ base: ['v1'] }), settingsOf: () => undefined }])).toEqual(new Map());
  });
});

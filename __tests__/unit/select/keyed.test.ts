import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceImage } from '../../../src/mirror/listing.ts';
import type { TagSettings } from '../../../src/mirror/settings.ts';
import { type RuleImages, joinRules } from '../../../src/select/keyed.ts';
import { digest } from '../../support/fixtures/digests.ts';

const AMD64: TagSettings = { platforms: ['linux/amd64'], referrers: false };
const ARM64: TagSettings = { platforms: ['linux/arm64'], referrers: true };

/** What a rule selects: tags by image, each image under the names of `names`. */
function part(
  images: Record<string, readonly string[]>,
  { settings, names = [''], number = 1 }: { settings?: TagSettings; names?: string[]; number?: number } = {},
): RuleImages<{ digest: ReturnType<typeof digest> }> {
  return {
    rule: { keysOf: (image) => names.map((name) => `${image}${name}`), ...(settings && { settings }) },
    images: new Map(
      Object.entries(images).map(([image, tags]): [string, SourceImage] => [
        image,
        { repository: `ns/${image}`, tags: new Map(tags.map((tag) => [tag, { digest: digest(number) }])) },
      ]),
    ),
  };
}

describe('joinRules', () => {
  it('has an image under each of its names', () => {
    const { images } = joinRules([part({ a: ['v1'] }, { names: ['', ' as b'] })]);
    expect(Array.from(images.keys())).toEqual(['a', 'a as b']);
    expect(Array.from(images.values(), ({ repository }) => repository)).toEqual(['ns/a', 'ns/a']);
  });

  it('gives two tags of one image the settings of the entries that name them', () => {
    const { images, settingsOf } = joinRules([
      part({ a: ['v1'] }, { settings: AMD64 }),
      part({ a: ['v2'] }, { settings: ARM64 }),
      part({ a: ['v1', 'v2', 'v3'] }),
    ]);
    expect(Array.from(images.get('a')?.tags.keys() ?? [])).toEqual(['v1', 'v2', 'v3']);
    expect(['v1', 'v2', 'v3'].map((tag) => settingsOf('a', tag))).toEqual([AMD64, ARM64, undefined]);
    expect(settingsOf('b', 'v1')).toBeUndefined();
  });

  const settings = fc.constantFrom(undefined, AMD64, ARM64);
  const names = fc.subarray(['', ' as x', ' as y'], { minLength: 1 });
  const tags = fc.subarray(['v1', 'v2', '__proto__', 'constructor'], { minLength: 1 });
  const parts = fc.array(
    fc.tuple(
      fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), tags, { minKeys: 1 }),
      fc.record({ settings, names, number: fc.integer({ min: 1, max: 5 }) }),
    ),
    { maxLength: 5 },
  );

  it('has each tag of a key once, as the first rule that selects it wants it', () => {
    fc.assert(
      fc.property(parts, (all) => {
        const rules = all.map(([images, { settings: own, ...options }]) =>
          part(images, { ...options, ...(own && { settings: own }) }),
        );
        const first = new Map<string, { digest: string; settings: TagSettings | undefined }>();
        for (const { rule, images } of rules)
          for (const [image, { tags: found }] of images)
            for (const key of rule.keysOf(image))
              for (const [tag, descriptor] of found) {
                const name = `${key}:${tag}`;
                if (!first.has(name)) first.set(name, { ...descriptor, settings: rule.settings });
              }
        const { images, settingsOf } = joinRules(rules);
        const joined = Array.from(images).flatMap(([key, { tags: found }]) =>
          Array.from(
            found,
            ([tag, descriptor]) =>
              [`${key}:${tag}`, { ...descriptor, settings: settingsOf(key, tag) }] as const,
          ),
        );
        expect(new Map(joined)).toEqual(first);
        expect(joined).toHaveLength(first.size);
      }),
    );
  });

  it('does not change what the rules selected', () => {
    const [one, two] = [part({ a: ['v1'] }), part({ a: ['v2'] })];
    joinRules([one, two]);
    expect([one, two].map(({ images }) => images.get('a')?.tags.size)).toEqual([1, 1]);
  });
});

import type { ListedTag, SourceImage } from '../mirror/listing.ts';
import type { SettingsOf, TagSettings } from '../mirror/settings.ts';
import type { Rule } from './rules.ts';

/** The images that a rule selects. */
export interface RuleImages<T extends ListedTag> {
  readonly rule: Pick<Rule, 'keysOf' | 'settings'>;
  readonly images: ReadonlyMap<string, SourceImage<T>>;
}

/** The selected images by their keys, and how the tags are mirrored. */
export interface Keyed<T extends ListedTag> {
  readonly images: ReadonlyMap<string, SourceImage<T>>;
  readonly settingsOf: SettingsOf;
}

/**
 * Joins what several rules select. An image is there under each of its names. A tag that several rules select under one key
 * belongs to the first of them.
 */
export function joinRules<T extends ListedTag>(parts: readonly RuleImages<T>[]): Keyed<T> {
  const images = new Map<string, SourceImage<T>>();
  const settings = new Map<string, Map<string, TagSettings>>();
  for (const { rule, images: selected } of parts) {
    for (const [image, found] of selected) {
      for (const key of rule.keysOf(image)) {
        const before = images.get(key);
        const fresh = before
          ? Array.from(found.tags).filter(([tag]) => !before.tags.has(tag))
          : Array.from(rule.settings ? found.tags : []);
        if (rule.settings) noteSettings(settings, key, fresh, rule.settings);
        images.set(key, before ? { ...before, tags: new Map([...before.tags, ...fresh]) } : found);
      }
    }
  }
  return { images, settingsOf: (key, tag) => settings.get(key)?.get(tag) };
}

function noteSettings(
  all: Map<string, Map<string, TagSettings>>,
  key: string,
  tags: readonly (readonly [tag: string, listed: unknown])[],
  settings: TagSettings,
): void {
  const known = all.get(key) ?? new Map<string, TagSettings>();
  for (const [tag] of tags) known.set(tag, settings);
  all.set(key, known);
}

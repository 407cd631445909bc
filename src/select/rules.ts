import { imageKey, imageOf } from '../mirror/image-key.ts';
import type { TagMatch } from '../mirror/patterns.ts';
import type { ListedImageSettings, NamespaceSettings, TagSettings } from '../mirror/settings.ts';
import type { Digest } from '../oci/digest.ts';
import { CompiledFilters } from './compiled-filters.ts';

/** One way in which images of a namespace are selected: what an entry of a list names, or the namespace as a whole. */
export interface Rule {
  /** Only this image. Absent: all images of the namespace. */
  readonly image?: string;
  /**
   * Tags and digests that are looked up by name, each with its digest if that is given. Absent: the tags that the source
   * lists.
   */
  readonly references?: ReadonlyMap<string, Digest | undefined>;
  readonly filters: CompiledFilters;
  /** How the tags are mirrored. Absent: as the namespace. */
  readonly settings?: TagSettings;
  /** The keys of an image: one for each of its names. */
  readonly keysOf: (image: string) => readonly string[];
}

/** The rules of a namespace, the most specific first: each tag of a key belongs to the first that selects it. */
export function rulesOf(settings: NamespaceSettings): Rule[] {
  const { list = [], isListOnly, targetName, filters } = settings;
  const whole: Rule = {
    filters: new CompiledFilters(filters),
    keysOf: keysUnder([targetName], settings),
  };
  const exact = list.filter(({ references }) => references);
  const filtered = list.filter(({ references }) => !references);
  const named = [...exact, ...filtered].map((entry) => ruleOf(entry, settings));
  return isListOnly ? named : [...named, whole];
}

function ruleOf(entry: ListedImageSettings, settings: NamespaceSettings): Rule {
  const { image, references, filters, names, platforms, referrers } = entry;
  return {
    image,
    ...(references && {
      references: new Map(references.map(({ tag, digest }) => [tag ?? digest ?? 'latest', digest])),
    }),
    filters: new CompiledFilters(filters),
    settings: { platforms, referrers },
    keysOf: keysUnder(names, settings),
  };
}

function keysUnder(
  templates: readonly string[],
  { namespace, target }: NamespaceSettings,
): (image: string) => readonly string[] {
  const keysOf = (image: string): readonly string[] =>
    Array.from(new Set(templates.map((template) => imageKey(template, target, namespace, image))));
  let last: { readonly image: string; readonly keys: readonly string[] } | undefined;
  // Tags arrive image by image.
  return (image) => (last?.image === image ? last : (last = { image, keys: keysOf(image) })).keys;
}

/** True when `rule` selects, by their names, tags under this key: the rule for another name of the image does not. */
export function concerns(rule: Rule, key: string): boolean {
  const image = imageOf(key);
  return (rule.image === undefined || rule.image === image) && rule.keysOf(image).includes(key);
}

/** True for the tags, by the keys of their images, that some of `rules` select by name. */
export function wantedBy(rules: readonly Rule[]): TagMatch {
  return (key, tag) =>
    rules.some(
      (rule) =>
        concerns(rule, key) &&
        rule.references?.has(tag) !== false &&
        rule.filters.wantsName(imageOf(key), tag),
    );
}

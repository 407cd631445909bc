import type { Filters } from '../mirror/filters.ts';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { Patterns } from '../mirror/patterns.ts';
import type { ExactReference, ListedImageSettings, NamespaceSettings } from '../mirror/settings.ts';
import { compileRange } from '../mirror/versions.ts';
import type { ListedImage } from './config-images.ts';
import type { ListedReference } from './image-list.ts';
import { formatExactReference } from './reference.ts';
import { type Settings, DEFAULTS, resolveFilters, resolveSettings } from './settings.ts';

/** What applies to all images of a run: the inputs, and the config file's defaults. */
export interface CommonSettings {
  readonly given: Settings;
  readonly defaults: Settings;
}

/**
 * The images of a list, each with the settings of the config file's entries that name it. Several entries may: each of them
 * applies. `--platform` in the list takes precedence.
 */
export function applyEntries<T extends ListedImage>(
  list: readonly ListedReference[],
  entries: readonly T[],
  common: CommonSettings,
): (ListedImage | T)[] {
  const byRepository = Map.groupBy(entries, repositoryOf);
  const matchers = new Map<T, (reference: ExactReference) => boolean>();
  const matches = (entry: T, reference: ExactReference): boolean => {
    const matcher = matchers.get(entry) ?? matcherOf(entry, common);
    matchers.set(entry, matcher);
    return matcher(reference);
  };
  return list.flatMap(({ namespace, image, tag, digest, platforms }) => {
    const reference = { ...(tag !== undefined && { tag }), ...(digest && { digest }) };
    const found = byRepository
      .get(repositoryOf({ namespace, image }))
      ?.filter((one) => matches(one, reference));
    const parts = found && found.length > 0 ? found : [{ namespace, image, own: {} }];
    return parts.map((part) => ({
      ...part,
      own: { ...part.own, ...(platforms && { platforms }) },
      references: [reference],
    }));
  });
}

function repositoryOf({ namespace, image }: Pick<ListedImage, 'namespace' | 'image'>): string {
  return `${formatNamespace(namespace)}/${image}`;
}

/** True for the references that an entry of the config file names or selects by name. */
function matcherOf(
  { image, references, own }: ListedImage,
  { given, defaults }: CommonSettings,
): (reference: ExactReference) => boolean {
  if (references) {
    return ({ tag, digest }) =>
      references.some((one) =>
        tag !== undefined && one.tag !== undefined
          ? one.tag === tag
          : digest !== undefined && one.digest === digest,
      );
  }
  const { include, exclude, semver } = resolveFilters(own, given, defaults);
  const included = include.map((list) => new Patterns(list)).filter(({ isEmpty }) => !isEmpty);
  const excluded = new Patterns(exclude);
  const isInRange = semver === undefined ? undefined : compileRange(semver);
  return ({ tag }) =>
    tag !== undefined &&
    included.every((patterns) => patterns.matches(image, tag)) &&
    !excluded.matches(image, tag) &&
    (isInRange?.(tag) ?? true);
}

/** The targets of a listed image, and its settings there. */
export function resolveImage(
  { image, references, names, own }: ListedImage,
  { given, defaults }: CommonSettings,
): { readonly targets: readonly Namespace[]; readonly settings: ListedImageSettings } {
  const { targets = [], targetName, platforms, referrers } = { ...DEFAULTS, ...defaults, ...given, ...own };
  const filters = references ? exactFilters(given) : resolveFilters(own, given, defaults);
  const settings = {
    image,
    ...(references && { references }),
    names: names ?? [targetName],
    platforms,
    referrers,
    filters,
  };
  return { targets, settings };
}

/** Exact tags are filtered by the patterns of the inputs alone, which a plan passes to its jobs. */
function exactFilters({ include = [], exclude = [] }: Settings): Filters {
  return { include: [include], exclude };
}

/** A namespace at a target, while its list is collected. */
interface Collected {
  readonly settings: NamespaceSettings;
  readonly list: Map<string, CollectedImage>;
}

interface CollectedImage {
  readonly settings: ListedImageSettings;
  /** By their text, so that each is kept once. */
  readonly references: Map<string, ExactReference>;
}

/** Adds the listed images to the namespaces that are mirrored whole; the others become namespaces of listed images alone. */
export function mergeLists(
  whole: readonly NamespaceSettings[],
  images: readonly ListedImage[],
  common: CommonSettings,
): NamespaceSettings[] {
  const all = new Map<string, Collected>(
    whole.map((settings) => [keyOf(settings), { settings, list: new Map() }]),
  );
  for (const listed of images) {
    const { targets, settings } = resolveImage(listed, common);
    for (const target of targets) {
      const key = keyOf({ namespace: listed.namespace, target });
      const collected = all.get(key) ?? {
        settings: listOnly(listed.namespace, target, common),
        list: new Map(),
      };
      all.set(key, collected);
      addImage(collected.list, settings);
    }
  }
  return Array.from(all.values(), ({ settings, list }) =>
    list.size === 0 ? settings : { ...settings, list: Array.from(list.values(), withReferences) },
  );
}

function keyOf({ namespace, target }: Pick<NamespaceSettings, 'namespace' | 'target'>): string {
  return `${formatNamespace(namespace)} → ${formatNamespace(target)}`;
}

function listOnly(
  namespace: Namespace,
  target: Namespace,
  { given, defaults }: CommonSettings,
): NamespaceSettings {
  const [settings] = resolveSettings(namespace, { targets: [target] }, given, defaults);
  const base = settings ?? { namespace, target, ...DEFAULTS };
  return { ...base, filters: exactFilters(given), isListOnly: true };
}

/** References of one image that are mirrored in the same way are one item of the list. */
function addImage(list: Map<string, CollectedImage>, settings: ListedImageSettings): void {
  const { references, ...others } = settings;
  const key = JSON.stringify([others, references === undefined]);
  const same = list.get(key) ?? { settings, references: new Map<string, ExactReference>() };
  list.set(key, same);
  for (const one of references ?? []) same.references.set(formatExactReference(one), one);
}

function withReferences({ settings, references }: CollectedImage): ListedImageSettings {
  return references.size === 0 ? settings : { ...settings, references: Array.from(references.values()) };
}

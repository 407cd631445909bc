import type { Filters } from '../mirror/filters.ts';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import type { Platforms } from '../mirror/platforms.ts';
import type { ExactReference, ListedImageSettings } from '../mirror/settings.ts';
import { compileRange } from '../mirror/versions.ts';
import { Patterns } from '../mirror/patterns.ts';
import type { ListLine } from './image-list.ts';
import { DEFAULTS, type Settings } from './settings.ts';

/** An entry of a config file's list. */
export interface ListEntry {
  readonly namespace: Namespace;
  readonly image: string;
  /** Absent: the tags that its filters select. */
  readonly references?: readonly ExactReference[];
  /** Names below the target's path. Absent: as `target-name` says. */
  readonly names?: readonly string[];
  readonly own: Settings;
}

/** What a list says of one image at one target. */
export interface ListedImage {
  readonly namespace: Namespace;
  readonly target: Namespace;
  readonly settings: ListedImageSettings;
}

/** Settings that apply where an entry has none of its own. */
export interface ListDefaults {
  readonly inputs: Settings;
  readonly defaults: Settings;
}

/**
 * The settings of an entry: its own come first, then the inputs, then the file's defaults. Filters by version, time and number say
 * nothing about exact references, unless they are the entry's own.
 *
 * @returns one for each target; none when no place names a target
 */
export function resolveEntry(entry: ListEntry, { inputs, defaults }: ListDefaults): ListedImage[] {
  const { namespace, image, references, own } = entry;
  const merged = { ...DEFAULTS, ...defaults, ...inputs, ...own };
  const { targets = [], targetName, platforms, referrers, semver, newerThan, latest } = merged;
  const filters: Filters = {
    include: [inputs.include ?? [], references ? [] : (own.include ?? defaults.include ?? [])],
    exclude: [...(inputs.exclude ?? []), ...(references ? [] : (own.exclude ?? defaults.exclude ?? []))],
    ...(!references && semver !== undefined && { semver }),
    ...(!references && newerThan !== undefined && { newerThan }),
    ...(!references && latest !== undefined && { latest }),
  };
  const names = entry.names ?? [targetName];
  const settings = { image, ...(references && { references }), names, platforms, referrers, filters };
  return targets.map((target) => ({ namespace, target, settings }));
}

/**
 * The settings of a line: those of the config file's entries for the same image that select the line's tag, or else of the inputs
 * and defaults. The line's own platforms win.
 */
export function resolveLine(
  line: ListLine,
  entries: readonly ListEntry[],
  defaults: ListDefaults,
): ListedImage[] {
  const { namespace, image, reference, platforms } = line;
  const matching = entries.filter((entry) => isOf(entry, line));
  const found: readonly ListEntry[] = matching.length > 0 ? matching : [{ namespace, image, own: {} }];
  return found.flatMap((entry) =>
    resolveEntry(
      {
        ...entry,
        references: [pinned(entry, reference)],
        own: { ...entry.own, ...(platforms && { platforms }) },
      },
      defaults,
    ),
  );
}

/** True when `entry` selects what `line` names, as far as its name tells. */
function isOf(entry: ListEntry, { namespace, image, reference }: ListLine): boolean {
  if (entry.image !== image || formatNamespace(entry.namespace) !== formatNamespace(namespace)) return false;
  const { references, own } = entry;
  if (references) return references.some((one) => keyOf(one) === keyOf(reference));
  const { tag } = reference;
  if (tag === undefined) return false;
  const isIncluded = own.include === undefined || new Patterns(own.include).matches(image, tag);
  const isExcluded = own.exclude !== undefined && new Patterns(own.exclude).matches(image, tag);
  return isIncluded && !isExcluded && (own.semver === undefined || compileRange(own.semver)?.(tag) === true);
}

/** The digest that the entry gives for the tag holds for the line too. */
function pinned({ references = [] }: ListEntry, reference: ExactReference): ExactReference {
  return reference.digest === undefined
    ? (references.find((one) => keyOf(one) === keyOf(reference)) ?? reference)
    : reference;
}

function keyOf({ tag, digest }: ExactReference): string {
  return tag ?? digest ?? '';
}

/** Joins settings of one image that differ in their references only. */
export function joinReferences(all: readonly ListedImageSettings[]): ListedImageSettings[] {
  const joined = new Map<string, ListedImageSettings>();
  for (const { references, ...rest } of all) {
    const key = JSON.stringify([rest, references === undefined]);
    const before = joined.get(key)?.references ?? [];
    joined.set(key, {
      ...rest,
      ...(references && { references: distinct([...before, ...references]) }),
    });
  }
  return Array.from(joined.values());
}

function distinct(references: readonly ExactReference[]): ExactReference[] {
  return Array.from(new Map(references.map((one) => [`${keyOf(one)} ${one.digest}`, one])).values());
}

/** The conflict between two settings of one tag under one name; undefined if there is none. */
export function findConflict(
  all: readonly ListedImageSettings[],
): { readonly image: string; readonly reference: string } | undefined {
  const known = new Map<string, Platforms>();
  for (const { image, names, references = [], platforms } of all) {
    for (const name of names) {
      for (const one of references) {
        const key = JSON.stringify([image, name, keyOf(one)]);
        const before = known.get(key);
        if (before !== undefined && String(before) !== String(platforms))
          return { image, reference: keyOf(one) };
        known.set(key, platforms);
      }
    }
  }
  return undefined;
}

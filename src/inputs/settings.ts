import type { Filters } from '../mirror/filters.ts';
import { type Namespace, formatNamespace, parseNamespace } from '../mirror/namespace.ts';
import { patternProblem } from '../mirror/patterns.ts';
import type { Platforms } from '../mirror/platforms.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { PLACEHOLDERS, targetRepository } from '../mirror/target-names.ts';
import { compileRange } from '../mirror/versions.ts';
import { printable } from '../oci/errors.ts';
import { isRepositoryName, looksLikeHost } from '../oci/names.ts';
import { canonicalPlatform, parsePlatform } from '../oci/platform.ts';
import { parseAgeOrDate } from './age-or-date.ts';
import { show } from './reader.ts';

const LONGEST_RANGE_CHARACTERS = 1000;
const LONGEST_PATTERN_CHARACTERS = 1000;
const MOST_TARGETS = 50;

/** The settings of one place, which is the inputs or a part of the config file; not checked yet. */
export interface RawSettings {
  readonly target?: readonly string[] | undefined;
  readonly 'target-name'?: string | undefined;
  readonly platforms?: readonly string[] | undefined;
  readonly referrers?: boolean | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly semver?: string | undefined;
  readonly 'newer-than'?: string | undefined;
  readonly latest?: number | undefined;
}

/** The settings of one place, checked. What is absent is set in another place, or is the default. */
export interface Settings {
  /** Each once. */
  readonly targets?: readonly Namespace[];
  readonly targetName?: string;
  readonly platforms?: Platforms;
  readonly referrers?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly semver?: string;
  /** Milliseconds since the epoch. */
  readonly newerThan?: number;
  readonly latest?: number;
}

/** Called with what is wrong with the value of a setting. */
export type ReportProblem = (setting: keyof RawSettings, what: string, item?: string) => void;

/**
 * Checks the settings of one place.
 *
 * @param now milliseconds since the epoch
 */
export function readSettings(raw: RawSettings, report: ReportProblem, now: number): Settings {
  const targets = raw.target && readTargets(raw.target, report);
  const targetName = raw['target-name'];
  if (targetName !== undefined) checkTemplate(targetName, report);
  const platforms = raw.platforms && readPlatforms(raw.platforms, report);
  checkPatterns('include', raw.include, report);
  checkPatterns('exclude', raw.exclude, report);
  const { include, exclude, semver, latest, referrers } = raw;
  if (semver !== undefined && (semver.length > LONGEST_RANGE_CHARACTERS || !compileRange(semver)))
    report('semver', `${show(semver)} is not a range of versions, such as >=1.20 or ^2.0 || ~1.9`);
  if (latest !== undefined && !(Number.isInteger(latest) && latest >= 1))
    report('latest', `${latest} is not a whole number of at least 1`);
  const newerThan =
    raw['newer-than'] === undefined ? undefined : readNewerThan(raw['newer-than'], report, now);
  return {
    ...(targets && targets.length > 0 && { targets }),
    ...(targetName !== undefined && { targetName }),
    ...(platforms && { platforms }),
    ...(referrers !== undefined && { referrers }),
    ...(include && { include }),
    ...(exclude && { exclude }),
    ...(semver !== undefined && { semver }),
    ...(newerThan !== undefined && { newerThan }),
    ...(latest !== undefined && { latest }),
  };
}

/** The settings that no place sets. */
export const DEFAULTS = { targetName: '{image}', platforms: 'all', referrers: false } as const;

/**
 * The settings of `namespace`, once for each of its targets: its `own` come first, then the inputs, then the file's
 * defaults.
 *
 * @returns nothing when no place names a target
 */
export function resolveSettings(
  namespace: Namespace,
  own: Settings,
  inputs: Settings,
  defaults: Settings,
): NamespaceSettings[] {
  const { targets = [], targetName, platforms, referrers } = { ...DEFAULTS, ...defaults, ...inputs, ...own };
  const filters = resolveFilters(own, inputs, defaults);
  return targets.map((target) => ({ namespace, target, targetName, platforms, referrers, filters }));
}

/**
 * The filters of a namespace, in the order of precedence of all its settings. The patterns of the inputs narrow those of the
 * file further, because a plan passes them to its jobs.
 */
export function resolveFilters(own: Settings, inputs: Settings, defaults: Settings): Filters {
  const { semver, newerThan, latest } = { ...defaults, ...inputs, ...own };
  return {
    include: [inputs.include ?? [], own.include ?? defaults.include ?? []],
    exclude: [...(inputs.exclude ?? []), ...(own.exclude ?? defaults.exclude ?? [])],
    ...(semver !== undefined && { semver }),
    ...(newerThan !== undefined && { newerThan }),
    ...(latest !== undefined && { latest }),
  };
}

function readTargets(texts: readonly string[], report: ReportProblem): Namespace[] {
  if (texts.length === 0) report('target', `is empty: name ${TARGET_EXAMPLE}`);
  if (texts.length > MOST_TARGETS)
    report('target', `names ${texts.length} targets: ${MOST_TARGETS} are allowed`);
  const targets = texts.slice(0, MOST_TARGETS).flatMap((text) => readTarget(text, report) ?? []);
  return Array.from(new Map(targets.map((target) => [formatNamespace(target), target])).values());
}

function readTarget(text: string, report: ReportProblem): Namespace | undefined {
  if (!looksLikeHost(text.split('/')[0] ?? '')) {
    report('target', `${show(text)} names no registry: use ${TARGET_EXAMPLE}`);
    return undefined;
  }
  const target = parseNamespace(text, '');
  if (typeof target !== 'string') return target;
  report('target', `${show(text)}: ${target}`);
  return undefined;
}

/** A referrer names the digest of its image. */
export const REFERRERS_NEED_DIGESTS =
  'needs engine: registry, because an image that docker pushes gets another digest than the one that was signed';

/** A target, as messages describe it. */
export const TARGET_EXAMPLE = 'the registry and namespace to push to, such as docker.io/gcrxio';

/** A name at the target must be able to become a repository's name; its placeholders are filled with samples. */
const SAMPLE = {
  target: { registry: 'registry.example', path: '' },
  source: { registry: 'registry.example', path: 'namespace' },
  image: 'image',
};

function checkTemplate(template: string, report: ReportProblem): void {
  const problem = templateProblem(template);
  if (problem !== undefined) report('target-name', problem);
  if (!/\{(?:image|name)\}/.test(template))
    report('target-name', `${show(template)} must contain {image} or {name}`);
}

/** What is wrong with a template of names at a target; undefined if nothing is. */
export function templateProblem(template: string): string | undefined {
  const known: readonly string[] = PLACEHOLDERS;
  const names = Array.from(template.matchAll(/\{([^{}]*)\}/g), ([, name = '']) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    return `${show(`{${printable(unknown)}}`).slice(1, -1)} is not one of {${known.join('}, {')}}`;
  const sample = targetRepository(template, SAMPLE.target, SAMPLE.source, SAMPLE.image);
  if (isRepositoryName(sample)) return undefined;
  return (
    `${show(printable(template))} can never be the name of a repository: lower-case letters and digits, separated by one of ` +
    '. - _ within a part and by / between parts'
  );
}

/** Reads a list of platforms: `all`, or the canonical names, sorted. */
export function readPlatforms(list: readonly string[], report: ReportProblem): Platforms {
  if (list.length === 0 || (list.length === 1 && list[0] === 'all')) return 'all';
  for (const platform of list) {
    if (/^[a-z0-9]+\/[a-z0-9_-]+(?:\/[a-z0-9.]+)?$/i.test(platform)) continue;
    report(
      'platforms',
      `${show(platform)} is neither "all" nor a platform such as linux/amd64 or linux/arm64/v8`,
    );
  }
  return Array.from(new Set(list.map((platform) => canonicalPlatform(parsePlatform(platform))))).toSorted();
}

function checkPatterns(
  name: 'include' | 'exclude',
  patterns: readonly string[] | undefined,
  report: ReportProblem,
): void {
  for (const pattern of patterns ?? []) {
    if (pattern.length > LONGEST_PATTERN_CHARACTERS)
      report(name, `${show(pattern)} is longer than ${LONGEST_PATTERN_CHARACTERS} characters`);
    const problem = patternProblem(pattern);
    if (problem !== undefined) report(name, `${show(pattern)} ${problem}`, pattern);
  }
}

function readNewerThan(text: string, report: ReportProblem, now: number): number | undefined {
  const time = parseAgeOrDate(text, now);
  if (time === undefined)
    report(
      'newer-than',
      `${show(text)} is neither an age, such as 90d or 12h, nor a date, such as 2026-01-31`,
    );
  return time;
}

import semver from 'semver';

/**
 * A version as tags are written: with or without a `v`, one to three numbers with or without leading zeros, a prerelease
 * after `-`, and, as tags can't contain a `+`, build metadata after `_`. A longer first number is a date or the number of a
 * build: `20240101` is not above `v1.30.0`.
 */
const VERSION =
  /^v?(\d{1,5})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:-([0-9A-Za-z.-]+))?(?:_([0-9A-Za-z._-]+))?$/;

/** The version that `tag` names, `1.20` as 1.20.0; undefined when the tag is not a version. */
export function versionOf(tag: string): semver.SemVer | undefined {
  const [match, major, minor = '0', patch = '0', prerelease] = VERSION.exec(tag) ?? [];
  if (match === undefined) return undefined;
  const numbers = [major, minor, patch].map(Number).join('.');
  const suffix = prerelease === undefined ? '' : `-${separateNumbers(prerelease)}`;
  return semver.parse(numbers + suffix, { loose: true }) ?? undefined;
}

/** A prerelease with its numbers apart, so that they compare as numbers: `rc10` as `rc.10`, which is above `rc.9`. */
function separateNumbers(prerelease: string): string {
  return prerelease.replaceAll(/(?<=^|[.-])([A-Za-z]+)-?(\d+)(?=$|[.-])/g, '$1.$2');
}

/** Prereleases that name a line of development, whose newest state they always are. */
const MOVING =
  /(?:^|[.-])(?:nightly|snapshot|canary|dev|devel|develop|main|master|trunk|head|tip|edge|latest|unstable)$/i;

/**
 * True for a tag that names one release permanently: `v1.2.3`, `1.2.3-rc.1`, and not `v1`, `1.2`, `latest` or
 * `1.2.3-SNAPSHOT`.
 */
export function isFullVersion(tag: string): boolean {
  const [, , , patch, prerelease = ''] = VERSION.exec(tag) ?? [];
  return patch !== undefined && !MOVING.test(prerelease) && versionOf(tag) !== undefined;
}

/**
 * Sorts the newest version first. Tags that are not versions come last, the highest numbers in them first: `r10` before
 * `r9`. `1.2.0` comes before `1.2`, and that before `1`.
 */
export function newestVersionFirst(a: string, b: string): number {
  const [first, second] = [versionOf(a), versionOf(b)];
  if (!first || !second) return first ? -1 : second ? 1 : highestFirst(a, b);
  return semver.rcompare(first, second) || b.split('.').length - a.split('.').length || highestFirst(a, b);
}

const BY_NUMBERS = new Intl.Collator('en', { numeric: true });

function highestFirst(a: string, b: string): number {
  return BY_NUMBERS.compare(b, a) || (a < b ? 1 : a > b ? -1 : 0);
}

/**
 * Compiles a range of versions into a test for tags that name a version inside it. Prereleases are outside, unless the
 * range itself names one: `>=1.20` excludes `1.21.0-rc.1`, `>=1.20-0` includes it.
 * https://github.com/npm/node-semver#ranges, https://github.com/Masterminds/semver#working-with-prerelease-versions
 *
 * @returns undefined when `range` is not a range of versions
 */
export function compileRange(range: string): ((tag: string) => boolean) | undefined {
  const whole = completed(range);
  const options = { loose: true, includePrerelease: /\d-\w/.test(whole) };
  if (semver.validRange(whole, options) === null) return undefined;
  const compiled = new semver.Range(whole, options);
  return (tag) => {
    const version = versionOf(tag);
    return version !== undefined && compiled.test(version);
  };
}

/**
 * Adds the zeros that node-semver needs before a prerelease and other libraries don't: `1.20-0`, `*-0`. Separates the numbers
 * of prereleases as in tags.
 */
function completed(range: string): string {
  return range
    .replaceAll(/(?<![\w.*-])[*x]-0(?![\w.])/gi, '>=0.0.0-0')
    .replaceAll(
      /(?<![\w.-])(v?\d+)(\.\d+)?(?=-[0-9a-z])/gi,
      (_, major: string, minor = '.0') => `${major}${minor}.0`,
    )
    .replaceAll(/(?<=\d-)[0-9A-Za-z.-]+/g, separateNumbers);
}

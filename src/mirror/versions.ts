import semver from 'semver';

/**
 * A version as tags are written: with or without a `v`, one to three numbers with or without leading zeros, a prerelease
 * after `-`, and, as tags can't contain a `+`, build metadata after `_`.
 */
const VERSION =
  /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:-([0-9A-Za-z.-]+))?(?:_([0-9A-Za-z._-]+))?$/;

/** The version that `tag` names, `1.20` as 1.20.0; undefined when the tag is not a version. */
export function versionOf(tag: string): semver.SemVer | undefined {
  const [match, major, minor = '0', patch = '0', prerelease] = VERSION.exec(tag) ?? [];
  if (match === undefined) return undefined;
  const numbers = [major, minor, patch].map(Number).join('.');
  const suffix = prerelease === undefined ? '' : `-${prerelease}`;
  return semver.parse(numbers + suffix, { loose: true }) ?? undefined;
}

/** True for a tag that names one release permanently: `v1.2.3`, `1.2.3-rc.1`, and not `v1`, `1.2` or `latest`. */
export function isFullVersion(tag: string): boolean {
  return VERSION.exec(tag)?.[3] !== undefined && versionOf(tag) !== undefined;
}

/** Sorts the newest version first. Tags that are not versions come last, by name. `1.2.0` comes before `1.2`, and that before `1`. */
export function newestVersionFirst(a: string, b: string): number {
  const [first, second] = [versionOf(a), versionOf(b)];
  if (!first || !second) return first ? -1 : second ? 1 : byName(a, b);
  return semver.rcompare(first, second) || b.split('.').length - a.split('.').length || byName(a, b);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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

/** Adds the zeros that node-semver needs before a prerelease and other libraries don't: `1.20-0`, `*-0`. */
function completed(range: string): string {
  return range
    .replaceAll(/(?<![\w.*-])[*x]-0(?![\w.])/gi, '>=0.0.0-0')
    .replaceAll(
      /(?<![\w.-])(v?\d+)(\.\d+)?(?=-[0-9a-z])/gi,
      (_, major: string, minor = '.0') => `${major}${minor}.0`,
    );
}

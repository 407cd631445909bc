import semver from 'semver';

/**
 * A tag's version, as people write them: with or without a `v`, of one to three numbers with or without leading zeros, with a
 * prerelease behind `-` and, as tags can't have a `+`, build metadata behind `_`.
 */
const VERSION =
  /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:-([0-9A-Za-z.-]+))?(?:_([0-9A-Za-z._-]+))?$/;

/** The version that `tag` names, `1.20` as 1.20.0; undefined when it names none. */
export function versionOf(tag: string): semver.SemVer | undefined {
  const [match, major, minor = '0', patch = '0', prerelease] = VERSION.exec(tag) ?? [];
  if (match === undefined) return undefined;
  const numbers = [major, minor, patch].map(Number).join('.');
  const suffix = prerelease === undefined ? '' : `-${prerelease}`;
  return semver.parse(numbers + suffix, { loose: true }) ?? undefined;
}

/** True for a tag that names one release for good: `v1.2.3`, `1.2.3-rc.1`, and not `v1`, `1.2` or `latest`. */
export function isFullVersion(tag: string): boolean {
  return VERSION.exec(tag)?.[3] !== undefined && versionOf(tag) !== undefined;
}

/** Newest first; what is no version comes last, by name. `1.2.0` comes before `1.2`, and that before `1`. */
export function newestVersionFirst(a: string, b: string): number {
  const [first, second] = [versionOf(a), versionOf(b)];
  if (!first || !second) return first ? -1 : second ? 1 : byName(a, b);
  return semver.rcompare(first, second) || b.split('.').length - a.split('.').length || byName(a, b);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The rule that a range sets for tags: those that name a version in it. Prereleases are none of it, unless the range
 * itself names one: `>=1.20` leaves `1.21.0-rc.1` out, `>=1.20-0` takes it.
 * https://github.com/npm/node-semver#ranges, https://github.com/Masterminds/semver#working-with-prerelease-versions
 *
 * @returns undefined when `range` is not one
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

/** With the zeros that node-semver wants before a prerelease and other libraries don't: `1.20-0`, `*-0`. */
function completed(range: string): string {
  return range
    .replaceAll(/(?<![\w.*-])[*x]-0(?![\w.])/gi, '>=0.0.0-0')
    .replaceAll(
      /(?<![\w.-])(v?\d+)(\.\d+)?(?=-[0-9a-z])/gi,
      (_, major: string, minor = '.0') => `${major}${minor}.0`,
    );
}

/** A version of the action, as its tag names it. */
export interface Version {
  /** `v1.2.3` */
  readonly tag: string;
  /** `1.2.3` */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `rc.1` of `v1.2.3-rc.1`. */
  readonly prerelease?: string;
}

const NUMBER = '(0|[1-9]\\d*)';
const TAG = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?$`);

/** Undefined where the tag names no full version, as `v1` and `nightly` don't. */
export function parseTag(tag: string): Version | undefined {
  const [match, major, minor, patch, prerelease] = TAG.exec(tag) ?? [];
  if (match === undefined) return undefined;
  return {
    tag,
    text: tag.slice(1),
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    ...(prerelease !== undefined && { prerelease }),
  };
}

/**
 * The tags that a release moves: `v1` and `v1.2` for 1.2.3, each unless a newer release already has it. So a fix of an
 * old version leaves `v1` where it is. A prerelease moves none.
 * @param tags all tags of the repository
 */
export function movingTags(version: Version, tags: readonly string[]): string[] {
  if (version.prerelease !== undefined) return [];
  const newer = releasesOf(tags).filter((other) => compareReleases(other, version) > 0);
  const ofMajor = newer.filter(({ major }) => major === version.major);
  const ofMinor = ofMajor.filter(({ minor }) => minor === version.minor);
  return [
    ...(ofMinor.length === 0 ? [`v${version.major}.${version.minor}`] : []),
    ...(ofMajor.length === 0 ? [`v${version.major}`] : []),
  ];
}

/** Whether GitHub shall call it the latest release: no newer one exists, and it is no prerelease. */
export function isLatest(version: Version, tags: readonly string[]): boolean {
  return (
    version.prerelease === undefined &&
    releasesOf(tags).every((other) => compareReleases(other, version) <= 0)
  );
}

function releasesOf(tags: readonly string[]): Version[] {
  return tags
    .map(parseTag)
    .filter((version) => version !== undefined)
    .filter(({ prerelease }) => prerelease === undefined);
}

function compareReleases(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

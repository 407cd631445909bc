/** Which tags are mirrored. */
export interface Filters {
  /** Globs over `image:tag`, or, with no `:`, over the image; a tag must match one pattern of each list. An empty list matches everything. */
  readonly include: readonly (readonly string[])[];
  readonly exclude: readonly string[];
  /** A range of versions. */
  readonly semver?: string;
  /** Milliseconds since the epoch: tags that are known to have been pushed earlier are filtered out. */
  readonly newerThan?: number;
  /** Number of tags of each image, the newest ones. */
  readonly latest?: number;
}

/** Number of tags that each filter removed; a tag counts for the first filter in the order of `FILTERS`. */
export type FilteredOut = Readonly<Record<(typeof FILTERS)[number], number>>;

/** `digest-tags` counts the signatures, attestations and SBOMs of images that are filtered out. */
export const FILTERS = ['include', 'exclude', 'semver', 'newer-than', 'latest', 'digest-tags'] as const;

export const NOTHING_FILTERED_OUT: FilteredOut = {
  include: 0,
  exclude: 0,
  semver: 0,
  'newer-than': 0,
  latest: 0,
  'digest-tags': 0,
};

/** Number of tags that all filters removed. */
export function countFilteredOut(filteredOut: FilteredOut): number {
  return FILTERS.reduce((sum, name) => sum + filteredOut[name], 0);
}

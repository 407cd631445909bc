/** Which tags are mirrored. */
export interface Filters {
  /** Globs over `image:tag`, or, with no `:`, over the image; a tag must match one of each list. Empty lists let all pass. */
  readonly include: readonly (readonly string[])[];
  readonly exclude: readonly string[];
  /** A range of versions. */
  readonly semver?: string;
  /** Milliseconds since the epoch: tags that are known to have been pushed before are left out. */
  readonly newerThan?: number;
  /** Of each image, so many tags. */
  readonly latest?: number;
}

/** Number of tags that each filter left out; a tag counts for the first in this order. */
export type FilteredOut = Readonly<Record<(typeof FILTERS)[number], number>>;

/** `followers` are signatures and the like of images that are left out. */
export const FILTERS = ['include', 'exclude', 'semver', 'newer-than', 'latest', 'digest-tags'] as const;

export const NOTHING_FILTERED_OUT: FilteredOut = {
  include: 0,
  exclude: 0,
  semver: 0,
  'newer-than': 0,
  latest: 0,
  'digest-tags': 0,
};

export function countFilteredOut(dropped: FilteredOut): number {
  return FILTERS.reduce((sum, name) => sum + dropped[name], 0);
}

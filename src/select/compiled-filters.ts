import type { Filters } from '../mirror/filters.ts';
import type { ListedTag } from '../mirror/listing.ts';
import { type TagMatch, Patterns } from '../mirror/patterns.ts';
import { compileRange, newestVersionFirst } from '../mirror/versions.ts';
import { digestTagSubject } from '../oci/digest-tags.ts';

const ANY = (): boolean => true;

/** Filters that are ready for use. They remember which patterns have matched. */
export class CompiledFilters {
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  /** True when tags are filtered by the time of their push. */
  readonly asksForTimes: boolean;
  readonly #include: readonly Patterns[];
  readonly #exclude: Patterns;
  readonly #inRange: (tag: string) => boolean;
  readonly #newerThan: number;
  readonly #latest: number;

  /** @throws Error when `semver` is not a range of versions */
  constructor({ include, exclude, semver, newerThan = 0, latest = Number.POSITIVE_INFINITY }: Filters) {
    this.includePatterns = include.flat();
    this.excludePatterns = exclude;
    this.asksForTimes = newerThan > 0;
    this.#include = include.map((list) => new Patterns(list)).filter(({ isEmpty }) => !isEmpty);
    this.#exclude = new Patterns(exclude);
    const inRange = semver === undefined ? ANY : compileRange(semver);
    if (!inRange) throw new Error(`"${semver}" is not a range of versions`);
    this.#inRange = inRange;
    this.#newerThan = newerThan;
    this.#latest = latest;
  }

  /** True when all tags pass. */
  get isEmpty(): boolean {
    return (
      this.#include.length === 0 &&
      this.#exclude.isEmpty &&
      this.#inRange === ANY &&
      this.#newerThan === 0 &&
      this.#latest === Number.POSITIVE_INFINITY
    );
  }

  /** Which filter removes `tag` by its name, if any. For a digest tag, the name says nothing about the image's own tags. */
  filteredOutByName(image: string, tag: string): 'include' | 'exclude' | 'semver' | undefined {
    if (digestTagSubject(tag) !== undefined) {
      if (!this.#include.every((patterns) => patterns.matchesImage(image))) return 'include';
      return this.#exclude.matches(image, tag) ? 'exclude' : undefined;
    }
    // All lists are checked, so that each pattern that matches is remembered.
    let isIncluded = true;
    for (const patterns of this.#include) if (!patterns.matches(image, tag)) isIncluded = false;
    const isExcluded = this.#exclude.matches(image, tag);
    if (!isIncluded) return 'include';
    if (isExcluded) return 'exclude';
    return this.#inRange(tag) ? undefined : 'semver';
  }

  /** True when the names let `tag` pass. */
  readonly wantsName: TagMatch = (image, tag) => this.filteredOutByName(image, tag) === undefined;

  /** True when some tags of `image` may pass. */
  readonly wantsImage = (image: string): boolean =>
    this.#include.every((patterns) => patterns.matchesImage(image)) && !this.#exclude.matchesAllTags(image);

  /** True when `image`, and whatever is nested in it, is excluded by name. */
  readonly excludesTree = (image: string): boolean =>
    this.#exclude.matchesAllTags(image) && this.#exclude.matchesAllTags(`${image}/nested/repository`);

  /** True when `tag` is known to have been pushed before `newer-than`. */
  isOld(tag: ListedTag): boolean {
    return tag?.uploaded !== undefined && tag.uploaded < this.#newerThan;
  }

  /**
   * The tags of one image that are not among the `latest` newest: by push time if most have one, with the others behind them,
   * otherwise by version.
   */
  notLatest(tags: readonly (readonly [tag: string, listed: ListedTag])[]): string[] {
    if (tags.length <= this.#latest) return [];
    const timed = tags.filter(([, listed]) => listed?.uploaded !== undefined);
    const isTimed = timed.length > tags.length / 2;
    const sorted = tags.toSorted(
      ([a, one], [b, other]) =>
        (isTimed ? (other?.uploaded ?? 0) - (one?.uploaded ?? 0) : 0) || newestVersionFirst(a, b),
    );
    return sorted.slice(this.#latest).map(([tag]) => tag);
  }

  /** The patterns that have not matched anything so far. */
  unusedPatterns(): string[] {
    return [...this.#include, this.#exclude].flatMap((patterns) => patterns.unused());
  }
}

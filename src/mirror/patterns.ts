import picomatch from 'picomatch';
import { isRepositoryName } from '../oci/names.ts';

/** True for a tag that a filter applies to. */
export type TagMatch = (image: string, tag: string) => boolean;

/** `*` matches within one part of a path, `**` across parts. A leading dot has no special meaning in a registry. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true } as const;

interface Pattern {
  readonly text: string;
  readonly matchesImage: (image: string) => boolean;
  /** Absent in a pattern without `:tag`. */
  readonly matchesTag?: (tag: string) => boolean;
}

/** Globs over `image:tag`, or, with no `:`, over the image. Remembers which of them have matched. */
export class Patterns {
  readonly #patterns: readonly Pattern[];
  readonly #unused: Set<Pattern>;
  /** The patterns for the latest image are cached, as tags arrive image by image. */
  #image: string | undefined;
  #forImage: readonly Pattern[] = [];

  constructor(texts: readonly string[]) {
    this.#patterns = texts.map((text) => {
      const { image, tag } = splitPattern(text);
      // Image and tag are matched separately, so that `**:latest` is the tag latest of all images, however deep.
      const matchesTag = tag === undefined ? {} : { matchesTag: picomatch(tag, OPTIONS) };
      return { text, matchesImage: picomatch(image, OPTIONS), ...matchesTag };
    });
    this.#unused = new Set(this.#patterns);
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** True when any pattern matches. */
  matches(image: string, tag: string): boolean {
    let found = false;
    for (const pattern of this.#patternsFor(image)) {
      if (found && !this.#unused.has(pattern)) continue;
      if (pattern.matchesTag && !pattern.matchesTag(tag)) continue;
      this.#unused.delete(pattern);
      found = true;
    }
    return found;
  }

  /** True when the image part of any pattern matches. */
  matchesImage(image: string): boolean {
    return this.#patternsFor(image).length > 0;
  }

  /** The patterns that have not matched anything so far. */
  unused(): string[] {
    return Array.from(this.#unused, ({ text }) => text);
  }

  #patternsFor(image: string): readonly Pattern[] {
    if (image !== this.#image) {
      this.#image = image;
      this.#forImage = this.#patterns.filter(({ matchesImage }) => matchesImage(image));
    }
    return this.#forImage;
  }
}

function splitPattern(pattern: string): { image: string; tag?: string } {
  const colon = pattern.lastIndexOf(':');
  return colon === -1
    ? { image: pattern }
    : { image: pattern.slice(0, colon), tag: pattern.slice(colon + 1) };
}

/** The images that `include` names when it has no wildcards; undefined when a pattern may match other images. */
export function namedImages(include: readonly string[]): string[] | undefined {
  const images = new Set(include.map((pattern) => splitPattern(pattern).image));
  return images.size > 0 && Array.from(images).every(isRepositoryName) ? Array.from(images) : undefined;
}

/** The patterns of `include` for `image`, rewritten to match no other image. The name must have no special glob characters. */
export function narrowPatterns(include: readonly string[], image: string): string[] {
  if (include.length === 0) return [image];
  const tags = include
    .map(splitPattern)
    .filter((pattern) => picomatch.isMatch(image, pattern.image, OPTIONS))
    .map(({ tag }) => tag);
  return tags.includes(undefined) ? [image] : tags.map((tag) => `${image}:${tag}`);
}

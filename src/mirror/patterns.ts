import picomatch from 'picomatch';
import { isRepositoryName } from '../oci/names.ts';

/** True for a tag that a filter applies to. */
export type TagMatch = (image: string, tag: string) => boolean;

/** `*` matches within one part of a path, `**` across parts. A leading dot has no special meaning in a registry. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true } as const;

interface Pattern {
  readonly text: string;
  readonly matchesImage: (image: string) => boolean;
  /** Absent in a pattern for all tags: without `:tag`, or with `:*`. */
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
      const matchesTag =
        tag === undefined || /^\*{1,2}$/.test(tag) ? {} : { matchesTag: picomatch(tag, OPTIONS) };
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

  /** True when any pattern matches all tags of `image`. */
  matchesAllTags(image: string): boolean {
    const found = this.#patternsFor(image).filter(({ matchesTag }) => !matchesTag);
    for (const pattern of found) this.#unused.delete(pattern);
    return found.length > 0;
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

/**
 * Why a pattern can never match; undefined if it may. Image names are lower case, and neither they nor tags have other characters
 * than letters, digits, `.`, `-` and `_`.
 */
export function patternProblem(text: string): string | undefined {
  const { image, tag } = splitPattern(text.trim());
  if (image === '' && tag === undefined) return 'is empty';
  if (image === '') return 'has no image before the ":": write "**:tag" for all images';
  if (tag === '') return 'has no tag after the ":"';
  if (/[A-Z]/.test(withoutGlobs(image))) return 'can never match: names of images are in lower case';
  if (/^\/|\/$|\/\//.test(image))
    return 'can never match: an image neither starts nor ends with "/", nor has it "//"';
  const odd = /[^a-z0-9._/-]/.exec(withoutGlobs(image)) ?? /[^\w.-]/.exec(withoutGlobs(tag ?? ''));
  return odd ? `can never match: no image or tag has ${JSON.stringify(odd[0])}` : undefined;
}

/** The literal characters of a glob. */
function withoutGlobs(pattern: string): string {
  return pattern.replaceAll(/\[[^\]]*\]/g, '').replaceAll(/[*?{},()|+\\]/g, '');
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

import picomatch from 'picomatch';
import { isRepositoryName } from '../oci/names.ts';

/** True for a tag that a filter is about. */
export type TagMatch = (image: string, tag: string) => boolean;

/** `*` stays within a part of a path and `**` crosses; a leading dot is nothing special in a registry. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true } as const;

interface Pattern {
  readonly text: string;
  readonly matchesImage: (image: string) => boolean;
  /** Absent in a pattern about images. */
  readonly matchesTag?: (tag: string) => boolean;
}

/** Globs over `image:tag`, or, with no `:`, over the image. Notes which of them ever matched. */
export class Patterns {
  readonly #patterns: readonly Pattern[];
  readonly #unused: Set<Pattern>;
  /** Tags come image by image: those about the last one. */
  #image: string | undefined;
  #about: readonly Pattern[] = [];

  constructor(texts: readonly string[]) {
    this.#patterns = texts.map((text) => {
      const { image, tag } = splitPattern(text);
      // Apart, so that `**:latest` is the tag latest of all images, however deep.
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
    for (const pattern of this.#aboutImage(image)) {
      if (found && !this.#unused.has(pattern)) continue;
      if (pattern.matchesTag && !pattern.matchesTag(tag)) continue;
      this.#unused.delete(pattern);
      found = true;
    }
    return found;
  }

  /** True when any pattern, but for what it says of tags, matches. */
  matchesImage(image: string): boolean {
    return this.#aboutImage(image).length > 0;
  }

  /** The patterns that have matched nothing so far. */
  unused(): string[] {
    return Array.from(this.#unused, ({ text }) => text);
  }

  #aboutImage(image: string): readonly Pattern[] {
    if (image !== this.#image) {
      this.#image = image;
      this.#about = this.#patterns.filter(({ matchesImage }) => matchesImage(image));
    }
    return this.#about;
  }
}

function splitPattern(pattern: string): { image: string; tag?: string } {
  const colon = pattern.lastIndexOf(':');
  return colon === -1
    ? { image: pattern }
    : { image: pattern.slice(0, colon), tag: pattern.slice(colon + 1) };
}

/** The images that `include` names, when it names each; undefined when a pattern may match others. */
export function namedImages(include: readonly string[]): string[] | undefined {
  const images = new Set(include.map((pattern) => splitPattern(pattern).image));
  return images.size > 0 && Array.from(images).every(isRepositoryName) ? Array.from(images) : undefined;
}

/** What `include` says of `image`, as patterns that match no other image. Its name must hold nothing that is special in a glob. */
export function narrowPatterns(include: readonly string[], image: string): string[] {
  if (include.length === 0) return [image];
  const tags = include
    .map(splitPattern)
    .filter((pattern) => picomatch.isMatch(image, pattern.image, OPTIONS))
    .map(({ tag }) => tag);
  return tags.includes(undefined) ? [image] : tags.map((tag) => `${image}:${tag}`);
}

import { unpackDigest } from './digest.ts';

/** What catalogue.json holds, as the page uses it. */

/** `[tags, digest, source's digest, platforms]`, without what is absent at its end. */
export type PackedGroup = readonly [
  tags: string,
  digest?: string,
  source?: string,
  platforms?: readonly string[],
];

/** `catalogue.json`. The action writes it and checks it when it reads it. */
export interface PackedCatalogue {
  readonly version: number;
  readonly parts: readonly PackedPart[];
}

export interface PackedPart {
  readonly path: string;
  /** ISO 8601 */
  readonly changed: string;
  /** `gcr.io/distroless` */
  readonly source: string;
  /** `docker.io/gcrxio` */
  readonly target: string;
  readonly images: readonly (readonly [image: string, groups: readonly PackedGroup[], name?: string])[];
}

/** One repository of a target. */
export interface Image {
  readonly part: PackedPart;
  /** `gcr.io/distroless/base` */
  readonly ref: string;
  /** `docker.io/gcrxio/base` */
  readonly mirror: string;
  readonly groups: readonly PackedGroup[];
  readonly tagCount: number;
  /** What searches look into: both names in lower case. */
  readonly lowerRef: string;
  readonly lowerMirror: string;
  /** The tags of each group. */
  readonly tags: readonly (readonly string[])[];
  /** The same in lower case. */
  readonly lowerTags: readonly (readonly string[])[];
}

/** One tag, and what is known of it. Digests are complete: `sha256:…`. */
export interface Tag {
  readonly tag: string;
  readonly digest?: string;
  /** The source's digest, if the target has another one. */
  readonly source?: string;
  readonly platforms?: readonly string[];
  /** All tags with this digest, itself included. */
  readonly same: readonly string[];
}

export interface Source {
  readonly name: string;
  readonly target: string;
  readonly changed: string;
  readonly images: number;
  readonly tags: number;
}

export class Data {
  readonly images: readonly Image[];
  readonly sources: readonly Source[];
  readonly tagCount: number;
  readonly #byRef = new Map<string, Image[]>();

  constructor({ parts }: PackedCatalogue) {
    const images = parts.flatMap((part) => part.images.map((packed) => readImage(part, packed)));
    this.images = images.toSorted((a, b) => (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0));
    for (const image of this.images) {
      const others = this.#byRef.get(image.ref);
      if (others) others.push(image);
      else this.#byRef.set(image.ref, [image]);
    }
    this.sources = parts.map((part) => {
      const own = images.filter((image) => image.part === part);
      const { source: name, target, changed } = part;
      return { name, target, changed, images: own.length, tags: countTags(own) };
    });
    this.tagCount = countTags(images);
  }

  /** All places where an image is kept: several targets, or several names. */
  find(ref: string): readonly Image[] {
    return this.#byRef.get(ref) ?? [];
  }

  /** The name at the mirror, if the image is kept in several places. */
  placeOf({ ref, mirror }: Image): string | undefined {
    return this.find(ref).length > 1 ? mirror : undefined;
  }

  /** The newest time at which anything changed; undefined in an empty catalogue. */
  get changed(): string | undefined {
    return this.sources
      .map(({ changed }) => changed)
      .toSorted()
      .at(-1);
  }
}

function countTags(images: readonly Image[]): number {
  return images.reduce((sum, { tagCount }) => sum + tagCount, 0);
}

function readImage(part: PackedPart, [image, groups, name = image]: PackedPart['images'][number]): Image {
  const [ref, mirror] = [`${part.source}/${image}`, `${part.target}/${name}`];
  const tags = groups.map(([joined]) => joined.split(' '));
  // Most tags have no upper-case letter: then both lists are the same, and take no more memory.
  const isLower = groups.every(([joined]) => joined === joined.toLowerCase());
  return {
    part,
    ref,
    mirror,
    groups,
    tags,
    tagCount: tags.reduce((sum, { length }) => sum + length, 0),
    lowerRef: ref.toLowerCase(),
    lowerMirror: mirror.toLowerCase(),
    lowerTags: isLower ? tags : groups.map(([joined]) => joined.toLowerCase().split(' ')),
  };
}

/** True when the image has `tag` at the mirror. */
export function hasTag({ tags }: Image, tag: string): boolean {
  return tags.some((group) => group.includes(tag));
}

/** All tags of an image, those that people look for first: `latest`, then the highest versions, then tags about digests. */
export function tagsOf({ groups, tags }: Image): Tag[] {
  return groups
    .flatMap((group, index) => {
      const same = tags[index] ?? [];
      const known = describeGroup(group);
      return same.map((tag) => ({ tag, same, ...known }));
    })
    .toSorted((a, b) => rankOf(a.tag) - rankOf(b.tag) || COLLATOR.compare(b.tag, a.tag));
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

function rankOf(tag: string): number {
  if (tag === 'latest') return 0;
  return /^sha256-[0-9a-f]{64}/.test(tag) ? 2 : 1;
}

function describeGroup([, digest, source, platforms]: PackedGroup): Omit<Tag, 'tag' | 'same'> {
  if (digest === undefined) return {};
  return {
    digest: unpackDigest(digest),
    ...(source !== undefined && source !== '' && { source: unpackDigest(source) }),
    ...(platforms && { platforms }),
  };
}

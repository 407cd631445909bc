import type { Data, Image } from './data.ts';
import { packStart, unpackDigest } from './digest.ts';
import { parseReference } from './reference.ts';

/** A line of the list: an image, or one of its tags below it. */
export type Row =
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'tag'; readonly image: Image; readonly tag: string }
  | { readonly kind: 'more'; readonly image: Image; readonly count: number };

/** So many tags of one image are listed: the next image should not be thousands of lines away. */
export const MAX_TAGS = 20;

/** What somebody looks for. All terms must match. */
export interface Query {
  readonly terms: readonly Term[];
  /** The words to mark in names, in lower case. */
  readonly words: readonly string[];
}

interface Term {
  /** Must occur in the image's names, or, where `tag` is absent, in the tag. */
  readonly name: string;
  /** Must occur in the tag. */
  readonly tag?: string;
  /** The beginning of a digest: hexadecimal. */
  readonly digest?: string;
}

/** Reads what was typed: words, references (`gcr.io/distroless/base:debug`), digests (`sha256:…`). */
export function parseQuery(text: string): Query {
  const terms = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(parseTerm);
  const words = terms.flatMap(({ name, tag = '' }) => [name, tag]).filter((word) => word !== '');
  return { terms, words };
}

const DIGEST = /^(?:sha256:)?([0-9a-f]{12,64})$/;

function parseTerm(word: string): Term {
  const [, hex] = DIGEST.exec(word) ?? [];
  if (hex !== undefined && (word.startsWith('sha256:') || hex.length === 64))
    return { name: '', digest: hex };
  const { ref, tag, digest } = parseReference(word);
  const [, start] = DIGEST.exec(digest ?? '') ?? [];
  return { name: ref, ...(tag !== undefined && { tag }), ...(start !== undefined && { digest: start }) };
}

interface Found {
  readonly image: Image;
  readonly score: number;
  /** The best of the tags that match. */
  readonly tags: readonly string[];
  /** Number of tags that match. */
  readonly count: number;
}

/** Images and tags that match all terms, the best first. Without a term: all images. */
export function search({ images }: Data, { terms }: Query): Row[] {
  if (terms.length === 0) return images.map((image) => ({ kind: 'image', image }));
  const prepared = terms.map((term) => ({ ...term, packed: term.digest && packStart(term.digest) }));
  const found = images.flatMap((image) => match(image, prepared) ?? []).toSorted((a, b) => a.score - b.score);
  const rows: Row[] = [];
  for (const { image, tags, count } of found) {
    rows.push({ kind: 'image', image });
    for (const tag of tags) rows.push({ kind: 'tag', image, tag });
    if (count > tags.length) rows.push({ kind: 'more', image, count: count - tags.length });
  }
  return rows;
}

type Prepared = Term & { readonly packed: string | undefined };

function match(image: Image, terms: readonly Prepared[]): Found | undefined {
  const words: string[] = [];
  let score = 0;
  let digest: Prepared | undefined;
  for (const term of terms) {
    const isNamed = image.lowerRef.includes(term.name) || image.lowerMirror.includes(term.name);
    if (term.tag !== undefined) {
      if (!isNamed) return undefined;
      words.push(term.tag);
    } else if (!isNamed) words.push(term.name);
    if (term.digest !== undefined) digest = term;
    if (isNamed) score += nameScore(image, term.name);
  }
  if (words.length === 0 && !digest) return { image, score, tags: [], count: 0 };
  const { score: tagScore, ...rest } = matchTags(image, words, digest);
  return rest.count === 0 ? undefined : { image, score: score + tagScore, ...rest };
}

/** 0 for the name itself, more the less of the name was typed. */
function nameScore({ lowerRef, lowerMirror }: Image, name: string): number {
  if (name === '' || lowerRef === name || lowerMirror === name) return 0;
  const last = lowerRef.slice(lowerRef.lastIndexOf('/') + 1);
  if (last === name || lowerRef.endsWith(`/${name}`)) return 1;
  if (last.startsWith(name)) return 2;
  return last.includes(name) ? 3 : 4;
}

/** The tags in which all words occur: equal ones first, then those that begin so. */
function matchTags(
  { groups, tags, lowerTags }: Image,
  words: readonly string[],
  digest: Prepared | undefined,
): Pick<Found, 'tags' | 'count' | 'score'> {
  const byScore: [equal: string[], begins: string[], others: string[]] = [[], [], []];
  const [first = ''] = words;
  let count = 0;
  for (const [index, lower] of lowerTags.entries()) {
    if (digest && !hasDigest(groups[index]?.[1], digest)) continue;
    for (const [at, tag] of lower.entries()) {
      if (!words.every((word) => tag.includes(word))) continue;
      count += 1;
      const same = byScore[tag === first ? 0 : tag.startsWith(first) ? 1 : 2];
      if (same.length < MAX_TAGS) same.push(tags[index]?.[at] ?? tag);
    }
  }
  const score =
    Math.max(
      0,
      byScore.findIndex((some) => some.length > 0),
    ) *
      2 +
    1;
  return { tags: byScore.flat().slice(0, MAX_TAGS), count, score };
}

function hasDigest(packed: string | undefined, { packed: start = '', digest = '' }: Prepared): boolean {
  if (packed === undefined || !packed.startsWith(start)) return false;
  return unpackDigest(packed).startsWith(`sha256:${digest}`);
}

import { formatNamespace } from '../mirror/namespace.ts';
import type { Platforms } from '../mirror/platforms.ts';
import { canonicalPlatform, isPlatform, parsePlatform } from '../oci/platform.ts';
import { show } from './reader.ts';
import { type ImageReference, parseReference } from './reference.ts';

/** A line of a list: an image, and the platforms that the line itself asks for. */
export interface ListLine extends Required<ImageReference> {
  readonly platforms?: Platforms;
}

/** Called with the number of a line, from 1, and what is wrong with it. */
export type ReportLine = (line: number, what: string) => void;

/** A list has hundreds to thousands of lines. */
const MOST_LINES = 20_000;
const LONGEST_LIST_CHARACTERS = 2_000_000;

/**
 * Reads a list of images: one reference per line, with `--platform=linux/arm64` before it where only these platforms are wanted,
 * as `docker pull` takes it. No tag means `latest`. `#` starts a comment.
 */
export function parseImageList(text: string, report: ReportLine): ListLine[] {
  if (text.length > LONGEST_LIST_CHARACTERS) {
    report(1, `the list has more than ${LONGEST_LIST_CHARACTERS} characters`);
    return [];
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.length > MOST_LINES) {
    report(MOST_LINES + 1, `a list has at most ${MOST_LINES} lines: split it`);
    return [];
  }
  const found: ListLine[] = [];
  const places = new Map<string, { readonly line: number; readonly platforms: string }>();
  for (const [index, content] of lines.entries()) {
    for (const item of itemsOf(content)) {
      const parsed = parseLine(item);
      if (typeof parsed === 'string') report(index + 1, parsed);
      else if (isNew(parsed, index + 1, places, report)) found.push(parsed);
    }
  }
  return found;
}

/** References may share a line, with commas between them; a line with an option has one. */
function itemsOf(line: string): string[] {
  const text = line.replace(/(?:^|\s)#.*$/, '').trim();
  const items = text.startsWith('-') ? [text] : text.split(',');
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function parseLine(item: string): ListLine | string {
  const words = item.replace(/^--platform=/, '--platform ').split(/\s+/);
  const hasOption = words[0] === '--platform';
  const [name = '', more] = hasOption ? words.slice(2) : words;
  if (name.startsWith('-')) return `${show(name)} is not an option of a list: only --platform is`;
  if (name === '') return `${show(item)} names no image after --platform`;
  if (more !== undefined) return `${show(item)} has more than one reference: put each on a line of its own`;
  const platforms = hasOption ? parsePlatforms(words[1] ?? '') : undefined;
  if (platforms !== undefined && !Array.isArray(platforms)) return platforms;
  const parsed = parseReference(name);
  if (typeof parsed === 'string') return parsed;
  return { reference: { tag: 'latest' }, ...parsed, ...(platforms && { platforms }) };
}

/** @returns the platforms, or a sentence that says what is wrong */
function parsePlatforms(text: string): string[] | string {
  const all = text.split(',');
  const wrong = all.find((one) => !isPlatform(one));
  if (wrong !== undefined) return `${show(wrong)} is not a platform such as linux/amd64 or linux/arm64/v8`;
  return Array.from(new Set(all.map((one) => canonicalPlatform(parsePlatform(one))))).toSorted();
}

/** False for a reference that the list has already, which is a mistake if the platforms differ. */
function isNew(
  { namespace, image, reference, platforms = 'all' }: ListLine,
  line: number,
  places: Map<string, { readonly line: number; readonly platforms: string }>,
  report: ReportLine,
): boolean {
  const name = `${formatNamespace(namespace)}/${image}`;
  const key = `${name} ${reference.tag ?? reference.digest}`;
  const before = places.get(key);
  if (!before) places.set(key, { line, platforms: String(platforms) });
  else if (before.platforms !== String(platforms))
    report(line, `${show(name)} has other platforms on line ${before.line}: a tag has one set of platforms`);
  return before === undefined;
}

import type { Platforms } from '../mirror/platforms.ts';
import type { ExactReference } from '../mirror/settings.ts';
import { printable } from '../oci/errors.ts';
import { show } from './reader.ts';
import { type ImageReference, formatReference, parseReference } from './reference.ts';
import { readPlatforms } from './settings.ts';

/** One reference of a list of images. */
export interface ListedReference extends ImageReference {
  /** Where it is written: `line 3`, `images.txt:3`. */
  readonly place: string;
  /** What `--platform` before the reference says. */
  readonly platforms?: Platforms;
}

/** Reports what is wrong at a place of a list. */
export type ReportLine = (place: string, what: string) => void;

const LONGEST_LIST_CHARACTERS = 2_000_000;
const MOST_LINES = 50_000;
const MOST_PROBLEMS = 50;

/**
 * Reads a list of images: a reference per line, or several with commas between them. `#` starts a comment.
 *
 * @param text untrusted: it may come from a pull request
 * @param placeOf the name of a line, which counts from 1
 */
export function parseImageList(
  text: string,
  placeOf: (line: number) => string,
  report: ReportLine,
): ListedReference[] {
  if (text.length > LONGEST_LIST_CHARACTERS) {
    report(placeOf(1), `the list has more than ${LONGEST_LIST_CHARACTERS} characters`);
    return [];
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  if (lines.length > MOST_LINES) {
    report(placeOf(MOST_LINES + 1), `the list has more than ${MOST_LINES} lines`);
    return [];
  }
  let problems = 0;
  const found = lines.flatMap((line, index) => {
    const place = placeOf(index + 1);
    return parseLine(line, place, (what) => {
      problems += 1;
      if (problems <= MOST_PROBLEMS) report(place, what);
    });
  });
  if (problems > MOST_PROBLEMS) report(placeOf(1), `the list has ${problems - MOST_PROBLEMS} more mistakes`);
  return found;
}

function parseLine(line: string, place: string, problem: (what: string) => void): ListedReference[] {
  const content = withoutComment(line).trim();
  if (content === '') return [];
  const [, platformText, rest = content] =
    /^--platform(?:=|[ \t]+)(\S{1,1000})(?:[ \t]+(.*))?$/.exec(content) ?? [];
  if (rest.startsWith('--') || (platformText !== undefined && rest === content)) {
    problem(`${shown(content)} has an option without a reference, or one other than --platform`);
    return [];
  }
  const items = rest.split(',').flatMap((item) => item.trim() || []);
  if (platformText !== undefined && items.length > 1) {
    problem('--platform is for one reference: write each reference on a line of its own');
    return [];
  }
  const platforms =
    platformText === undefined
      ? undefined
      : readPlatforms(platformText.split(','), (_, what) => problem(what));
  return items.flatMap((item) => {
    const reference = parseReference(item);
    if (typeof reference === 'string') {
      problem(`${shown(item)} is not an image reference: ${printable(reference)}`);
      return [];
    }
    const tag = reference.tag === undefined && reference.digest === undefined ? { tag: 'latest' } : {};
    return [{ ...reference, ...tag, place, ...(platforms && { platforms }) }];
  });
}

/** `#` starts a comment at the start of a line or after a space. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at !== -1; at = line.indexOf('#', at + 1)) {
    if (at === 0 || /\s/.test(line[at - 1] ?? '')) return line.slice(0, at);
  }
  return line;
}

function shown(text: string): string {
  return show(printable(text));
}

/**
 * The list with each reference once.
 *
 * @param report called for lines that contradict each other: one tag with several platforms or digests
 */
export function withoutDuplicates(list: readonly ListedReference[], report: ReportLine): ListedReference[] {
  const found = new Map<string, ListedReference>();
  for (const item of list) {
    const { namespace, image, tag, digest } = item;
    const exact: ExactReference = tag === undefined ? { ...(digest && { digest }) } : { tag };
    const name = formatReference({ namespace, image, ...exact });
    const other = found.get(name);
    if (!other) found.set(name, item);
    else if (other.digest !== digest)
      report(item.place, `${name} is also in ${other.place}, with another digest: remove one of them`);
    else if (String(other.platforms) !== String(item.platforms))
      report(
        item.place,
        `${name} is also in ${other.place}, with other platforms: name all platforms in one line, as in --platform=linux/amd64,linux/arm64`,
      );
  }
  return Array.from(found.values());
}

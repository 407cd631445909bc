import { basename, dirname, extname, join } from 'node:path/posix';
import { MetadataError } from '../github/errors.ts';
import { formatBytes } from '../mirror/format.ts';

/** GitHub shows no Markdown file of more than 512 KiB; the changelog stays below it with some room. */
export const MAX_CHANGELOG_BYTES = 448 * 1024;
/** Once sections move, as many move as leave this much: the next runs need no second move. */
const KEEP_BYTES = 192 * 1024;
/** More than GitHub's contents API accepts. */
const MAX_WRITE_BYTES = 36 * 1000 ** 2;

/** A changelog whose oldest sections were set aside. */
export interface ArchivedChangelog {
  /** The text that stays, with a link to each archive file. */
  readonly current: string;
  /** The sections that leave, by the path of their file, each newest first. */
  readonly archives: ReadonlyMap<string, readonly string[]>;
}

export interface ArchiveOptions {
  /** Path of the changelog; archives lie next to it: `CHANGELOG-2025.md`. */
  readonly path: string;
  /** The year for sections whose heading has none. */
  readonly year: number;
  /** True for a section that must stay: this run may still replace it. */
  readonly isOwn: (section: string) => boolean;
}

/**
 * Moves the oldest sections of a changelog to a file per year, if the changelog has grown too large to be shown. A year that
 * fills its file continues in another: `CHANGELOG-2025-2.md`.
 *
 * @returns the text itself and no archives while it is small enough
 * @throws MetadataError with the remedy when the text has no sections to move and is too large for GitHub
 */
export function archiveChangelog(text: string, options: ArchiveOptions): ArchivedChangelog {
  if (Buffer.byteLength(text) <= MAX_CHANGELOG_BYTES) return { current: text, archives: new Map() };
  const { preamble, sections } = splitSections(text);
  const stays = sectionsThatStay(preamble, sections, options.isOwn);
  const moved = sections.filter((_, index) => stays[index] !== true);
  const kept = sections.filter((_, index) => stays[index] === true);
  const archives = assignFiles(moved, linkedFiles(preamble), options);
  const current = linkArchives(preamble, archives.keys(), options.path) + kept.join('');
  const bytes = Buffer.byteLength(current);
  if (bytes <= MAX_WRITE_BYTES) return { current, archives };
  throw new MetadataError(
    `${options.path} would have ${formatBytes(bytes)}, more than GitHub accepts, and no sections that could be set aside: ` +
      'move the file away, or set "changelog-path" to another one',
  );
}

/** Puts `sections` before those of an archive file, without the ones that it has already. */
export function addToArchive(current: string | undefined, sections: readonly string[]): string {
  const { preamble, sections: present } = splitSections(current ?? '');
  const known = new Set(present.map((section) => section.trim()));
  const added = sections.filter((section) => !known.has(section.trim())).map(endWithBlankLine);
  const head = preamble.trim() === '' ? '# Changelog\n\n' : preamble;
  return head + added.join('') + present.join('');
}

interface Sections {
  /** The text above the first section. */
  readonly preamble: string;
  /** Each with its heading, and up to the next one; joined they are the rest of the text. */
  readonly sections: readonly string[];
}

/** Sections start with `## `; a file of gcrsync's time may have only deeper headings. */
function splitSections(text: string): Sections {
  const starts = [/^## /gm, /^#{3,6} /gm]
    .map((heading) => Array.from(text.matchAll(heading), ({ index }) => index))
    .find((found) => found.length > 0);
  if (!starts) return { preamble: text, sections: [] };
  return {
    preamble: text.slice(0, starts[0]),
    sections: starts.map((start, index) => text.slice(start, starts[index + 1])),
  };
}

function endWithBlankLine(section: string): string {
  return `${section.trimEnd()}\n\n`;
}

/** Whether each section stays: those of this run do, and the newest of the others that fit; at least one. */
function sectionsThatStay(
  preamble: string,
  sections: readonly string[],
  isOwn: (section: string) => boolean,
): boolean[] {
  const stays = sections.map(isOwn);
  const sizes = sections.map((section) => Buffer.byteLength(section));
  let free = KEEP_BYTES - Buffer.byteLength(preamble);
  for (const [index, size] of sizes.entries()) if (stays[index] === true) free -= size;
  for (const [index, size] of sizes.entries()) {
    if (stays[index] === true) continue;
    free -= size;
    if (free < 0 && stays.includes(true)) break;
    stays[index] = true;
  }
  return stays;
}

/** Gives each section a file of its year. Files are filled from the oldest section on, and none that is linked grows. */
function assignFiles(
  sections: readonly string[],
  linked: ReadonlySet<string>,
  { path, year }: ArchiveOptions,
): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  const full = new Set(linked);
  const sizes = new Map<string, number>();
  for (const [section, own] of withYears(sections, year).toReversed()) {
    const bytes = Buffer.byteLength(section);
    let file = openFile(path, own, full);
    if ((sizes.get(file) ?? 0) + bytes > MAX_CHANGELOG_BYTES && files.has(file)) {
      full.add(basename(file));
      file = openFile(path, own, full);
    }
    sizes.set(file, (sizes.get(file) ?? 0) + bytes);
    files.set(file, [section, ...(files.get(file) ?? [])]);
  }
  return files;
}

/** A section without a year belongs to the year of the newer one above it. */
function withYears(sections: readonly string[], newest: number): [string, number][] {
  let year = newest;
  return sections.map((section) => {
    year = yearOf(section) ?? year;
    return [section, year];
  });
}

/** The first file of a year that is not full. */
function openFile(path: string, year: number, full: ReadonlySet<string>): string {
  let part = 1;
  while (full.has(basename(archivePath(path, year, part)))) part += 1;
  return archivePath(path, year, part);
}

/** `CHANGELOG-2025.md`, `CHANGELOG-2025-2.md` */
function archivePath(path: string, year: number, part: number): string {
  const extension = extname(path);
  const name = `${basename(path, extension)}-${year}${part > 1 ? `-${part}` : ''}${extension}`;
  return dirname(path) === '.' ? name : join(dirname(path), name);
}

/** The year in the heading: `## 2025-11-24 20:30:05 UTC+8: …`. */
function yearOf(section: string): number | undefined {
  const [, year] = /^#+ .*?\b(20\d\d)\b/.exec(section) ?? [];
  return year === undefined ? undefined : Number(year);
}

const LINKS = /^Older changes: .*(?:\r?\n)+/m;

/** The files that the preamble links. */
function linkedFiles(preamble: string): ReadonlySet<string> {
  const [line = ''] = LINKS.exec(preamble) ?? [];
  return new Set(Array.from(line.matchAll(/\]\(([^)]+)\)/g), ([, file = '']) => decodedLink(file)));
}

/** A link as a person may have written it: a "%" that escapes nothing is one. */
function decodedLink(link: string): string {
  try {
    return decodeURI(link);
  } catch {
    return link;
  }
}

/** The preamble with a line that links all archives, the newest first. */
function linkArchives(preamble: string, added: Iterable<string>, path: string): string {
  const files = new Set([...linkedFiles(preamble), ...Array.from(added, (file) => basename(file))]);
  if (files.size === 0) return preamble;
  const newline = preamble.includes('\r\n') ? '\r\n' : '\n';
  const prefix = basename(path, extname(path)).length + 1;
  const links = Array.from(files, (file) => ({ file, label: basename(file, extname(file)).slice(prefix) }))
    .toSorted((a, b) => b.label.localeCompare(a.label, 'en', { numeric: true }))
    .map(({ file, label }) => `[${label}](${encodeURI(file)})`);
  const rest = preamble.replace(LINKS, '').trimEnd();
  return [rest === '' ? '# Changelog' : rest, '', `Older changes: ${links.join(', ')}`, '', ''].join(newline);
}

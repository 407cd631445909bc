import { MetadataError } from '../github/errors.ts';
import { formatBytes, formatCount, plural } from '../mirror/format.ts';
import { codeList, codeSpan } from '../mirror/markdown.ts';
import type { UnloggedTags } from '../mirror/record-entry.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';
import { namedTags, unloggedOf, unmarkUnlogged } from './unlogged.ts';

/** What a section says besides what was copied. */
export interface SectionOptions {
  readonly time: Date;
  /** IANA name of the time zone of the section's heading. */
  readonly timezone: string;
  /** Identifies one job of one run, so that its section is added once, however often the write is retried. */
  readonly runKey: string;
  /** Tags that earlier runs recorded and that no section names. Default: none. */
  readonly earlier?: UnloggedTags;
  /** A longer section names fewer tags, then fewer images. */
  readonly maxBytes?: number;
}

/** The first mirror of a namespace can add 100,000 tags. */
export const MAX_SECTION_BYTES = 64 * 1024;
/** Tags named per image, from the most to none: the first that keeps the section short enough is taken. */
const TAGS_PER_IMAGE = [12, 3, 0];

/** The changelog's section for one namespace, with the marker by which it is found again. */
export function renderSection(result: NamespaceResult, options: SectionOptions): string {
  return `${renderSectionText(result, options)}\n${marker(options.runKey, routeOf(result))}\n`;
}

/** Source and target of a section: `gcr.io/distroless docker.io/gcrxio` */
export function routeOf({ namespace, target }: Pick<NamespaceResult, 'namespace' | 'target'>): string {
  return `${namespace} ${target}`;
}

/** The changelog's section as it is shown: time, namespace → target, totals, then one line per image. */
export function renderSectionText(
  result: NamespaceResult,
  { time, timezone, maxBytes = MAX_SECTION_BYTES, earlier = new Map() }: Omit<SectionOptions, 'runKey'>,
): string {
  const { added, updated, bytes } = countAll([result]);
  const route = `${codeSpan(result.namespace)} → ${codeSpan(result.target)}`;
  const totals = `${plural(added, 'tag')} added, ${formatCount(updated)} updated, ${formatBytes(bytes)}`;
  const heading = `## ${formatTime(time, timezone)}: ${route}`;
  const own = unloggedOf(result.copied);
  const before = unmarkUnlogged(earlier, own) ?? earlier;
  const share = before.size > 0 ? maxBytes / 2 : maxBytes;
  const parts = [
    ...(own.size > 0 || before.size === 0 ? [totals, '', ...imageLines(namedTags(own), share), ''] : []),
    ...(before.size > 0 ? [EARLIER, '', ...imageLines(namedTags(before), share), ''] : []),
  ];
  return [heading, '', ...parts].join('\n');
}

const EARLIER = 'Recorded by earlier runs, which ended before they could write it here:';

interface ChangedImage {
  readonly image: string;
  readonly added: readonly string[];
  readonly updated: readonly string[];
}

/** A line per image, with as many tags as fit; if even the images do not fit, the first of them and the number of the rest. */
function imageLines(images: readonly ChangedImage[], maxBytes: number): string[] {
  let lines: string[] = [];
  for (const most of TAGS_PER_IMAGE) {
    lines = images.map((image) => imageLine(image, most));
    if (sizeOf(lines) <= maxBytes) return lines;
  }
  let free = maxBytes;
  const fits = lines.findIndex((line) => (free -= Buffer.byteLength(line) + 1) < 0);
  const rest = images.slice(fits);
  const tags = rest.reduce((sum, { added, updated }) => sum + added.length + updated.length, 0);
  return [
    ...lines.slice(0, fits),
    `- and ${plural(rest.length, 'more image')} with ${plural(tags, 'tag')}, all in the namespace manifest`,
  ];
}

function imageLine({ image, added, updated }: ChangedImage, most: number): string {
  const list = (tags: readonly string[]): string =>
    most === 0 ? plural(tags.length, 'tag') : codeList(tags, most);
  const parts = [
    ...(added.length > 0 ? [`added ${list(added)}`] : []),
    ...(updated.length > 0 ? [`updated ${list(updated)}`] : []),
  ];
  return `- ${codeSpan(image)}: ${parts.join('; ')}`;
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
}

/** `2026-11-24 20:30:05 UTC+8` */
export function formatTime(time: Date, timezone: string): string {
  // The data of time zones is loaded only if it is needed: that takes as long as 200 requests.
  if (timezone === 'UTC') return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  });
  const zone = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'shortOffset' })
    .formatToParts(time)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return `${format.format(time).replace(',', '')} ${(zone ?? 'GMT').replace('GMT', 'UTC').replace(/\+0$/, '')}`;
}

/**
 * The text of a changelog, with its byte order mark if it has one.
 *
 * @throws MetadataError that names the file and the remedy
 */
export function readChangelog(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const message = `${path} is not UTF-8 text, and was not changed. Save it as UTF-8, or name another file in "changelog-path"`;
    throw new MetadataError(message, { cause: error });
  }
}

const MARKER = '<!-- sync ';

/** A hidden comment that ends one job's section and identifies it. */
function marker(runKey: string, route: string): string {
  return `${MARKER}${encodeKey(`${runKey} ${route}`)} -->`;
}

/** An HTML comment must not contain "--". */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('--', '-%2D');
}

/** True for a section that a job with this run key added. */
export function isSectionOf(section: string, runKey: string): boolean {
  return section.includes(`${MARKER}${encodeKey(`${runKey} `)}`);
}

/** What identifies a section. */
export interface SectionKey {
  readonly runKey: string;
  /** The result of `routeOf`. */
  readonly route: string;
}

/**
 * Puts `section` before the newest section of `current`; everything else stays as it is. If `current` already has a
 * section of the same job and route, that one is replaced in place.
 */
export function insertSection(
  current: string | undefined,
  section: string,
  { runKey, route }: SectionKey,
): string {
  const text = current === undefined || current.trim() === '' ? '# Changelog\n' : current;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const inserted = section.replaceAll('\n', newline);
  const ownMarker = marker(runKey, route);
  const end = text.indexOf(ownMarker);
  if (end !== -1) {
    return text.slice(0, sectionStart(text, end)) + inserted.trimEnd() + text.slice(end + ownMarker.length);
  }
  // A file that gcrsync wrote may only have deeper headings.
  const newest = (/^## /m.exec(text) ?? /^#{3,6} /m.exec(text))?.index;
  if (newest !== undefined) return text.slice(0, newest) + inserted + newline + text.slice(newest);
  const gap = text.endsWith('\n') ? newline : newline + newline;
  return text + gap + inserted;
}

/** `text` without the section of `key`. */
export function removeSection(text: string, { runKey, route }: SectionKey): string {
  const ownMarker = marker(runKey, route);
  const end = text.indexOf(ownMarker);
  if (end === -1) return text;
  const rest = text.slice(end + ownMarker.length).replace(/^(?:\r?\n){1,2}/, '');
  return text.slice(0, sectionStart(text, end)) + rest;
}

/** Where the section whose marker is at `end` starts: at the marker itself when its heading was removed by hand. */
function sectionStart(text: string, end: number): number {
  const start = text.lastIndexOf('\n## ', end) + 1;
  const isOwn = text.startsWith('## ', start) && !text.slice(start, end).includes(MARKER);
  return isOwn ? start : end;
}

import { MetadataError } from '../github/errors.ts';
import { formatBytes, plural } from '../mirror/format.ts';
import { codeList, codeSpan } from '../mirror/markdown.ts';
import { type NamespaceResult, countAll } from '../mirror/result.ts';

/** What a section says besides what was done. */
export interface SectionOptions {
  readonly time: Date;
  /** IANA name of the zone that the time is shown in. */
  readonly timezone: string;
  /** Tells one job of one run from all others, so that its section is added once, however often it retries. */
  readonly runKey: string;
}

/** The changelog's section for one namespace, with the mark by which it is found again. */
export function renderSection(result: NamespaceResult, options: SectionOptions): string {
  return `${renderSectionText(result, options)}\n${marker(options.runKey, result.namespace)}\n`;
}

/** The changelog's section as it is read: time, namespace → target, counts, then a line an image. */
export function renderSectionText(
  result: NamespaceResult,
  { time, timezone }: Pick<SectionOptions, 'time' | 'timezone'>,
): string {
  const { added, updated, bytes } = countAll([result]);
  const images = new Map<string, { added: string[]; updated: string[] }>();
  for (const { image, added, updated } of result.copied) {
    const tags = images.get(image) ?? { added: [], updated: [] };
    tags.added.push(...added);
    tags.updated.push(...updated);
    images.set(image, tags);
  }
  const lines = Array.from(images)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([image, tags]) => {
      const parts = [
        ...(tags.added.length > 0 ? [`added ${codeList(tags.added.toSorted())}`] : []),
        ...(tags.updated.length > 0 ? [`updated ${codeList(tags.updated.toSorted())}`] : []),
      ];
      return `- ${codeSpan(image)}: ${parts.join('; ')}`;
    });
  const route = `${codeSpan(result.namespace)} → ${codeSpan(result.target)}`;
  const counts = `${plural(added, 'tag')} added, ${updated} updated, ${formatBytes(bytes)}`;
  return [`## ${formatTime(time, timezone)}: ${route}`, '', counts, '', ...lines, ''].join('\n');
}

/** `2026-11-24 20:30:05 UTC+8` */
export function formatTime(time: Date, timezone: string): string {
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
 * The text of a changelog, with its byte order mark where it has one.
 *
 * @throws MetadataError that names the file and the remedy
 */
export function readChangelog(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const message = `${path} is not text in UTF-8. It was left as it is: save it as UTF-8, or name another in "changelog-path"`;
    throw new MetadataError(message, { cause: error });
  }
}

const MARKER = '<!-- sync ';

/** A comment that is not shown: ends one job's section, and tells it from all others. */
function marker(runKey: string, namespace: string): string {
  // A comment must not hold "--".
  return `${MARKER}${encodeURIComponent(`${runKey} ${namespace}`).replaceAll('--', '-%2D')} -->`;
}

/**
 * Puts `section` before the newest section of `current`; everything else stays as it is. The section of the same
 * job and namespace, when it is there already, is replaced where it stands.
 */
export function insertSection(
  current: string | undefined,
  section: string,
  { runKey, namespace }: { readonly runKey: string; readonly namespace: string },
): string {
  const text = current === undefined || current.trim() === '' ? '# Changelog\n' : current;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const insert = section.replaceAll('\n', newline);
  const mark = marker(runKey, namespace);
  const end = text.indexOf(mark);
  if (end !== -1) {
    return text.slice(0, sectionStart(text, end)) + insert.trimEnd() + text.slice(end + mark.length);
  }
  // A file of gcrsync's time may have deeper headings alone.
  const newest = (/^## /m.exec(text) ?? /^#{3,6} /m.exec(text))?.index;
  if (newest !== undefined) return text.slice(0, newest) + insert + newline + text.slice(newest);
  const gap = text.endsWith('\n') ? newline : newline + newline;
  return text + gap + insert;
}

/** Where the section starts whose marker is at `end`; at the marker when somebody removed its heading. */
function sectionStart(text: string, end: number): number {
  const start = text.lastIndexOf('\n## ', end) + 1;
  const isOwn = text.startsWith('## ', start) && !text.slice(start, end).includes(MARKER);
  return isOwn ? start : end;
}

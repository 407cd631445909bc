import { createHash } from 'node:crypto';
import { codeSpan } from '../mirror/markdown.ts';
import type { Comment, CommentPart } from '../mirror/comment.ts';

/** GitHub accepts 65,536 characters per comment; the rest is for the step's marker. */
const LONGEST_PARTS_CHARACTERS = 65_000;
const LONGEST_TITLE_CHARACTERS = 80;
const SHORTENED = '_Shortened: the job summary has all of it._';

/** One job's part of a comment. */
interface Part {
  readonly key: string;
  readonly run: number;
  /** Hash of the text before it was shortened. */
  readonly hash: string;
  /** Title and body. */
  readonly text: string;
}

/**
 * Merges a job's part into the comments of its step. There is one, or none yet, or several if jobs started at the same
 * time. The parts of other jobs stay, except those of earlier runs.
 *
 * @param marker identifies the step; the comment's first line
 * @param bodies the step's comments, oldest first
 * @returns what the only comment should be; undefined if nothing needs to be written
 */
export function mergeComment(
  marker: string,
  bodies: readonly string[],
  part: CommentPart,
  comment: Comment,
): string | undefined {
  const stored = bodies.flatMap((body) => parseParts(body));
  const latest = Math.max(part.run, ...stored.map(({ run }) => run));
  // A later run has reported already.
  if (part.run < latest) return undefined;
  const isOutdated = bodies.length > 0 && (stored.length === 0 || stored.some(({ run }) => run < latest));
  if (!comment.isNews && !isOutdated && stored.every(({ key }) => key !== part.key)) return undefined;
  const own = ownPart(part, comment.body);
  const parts = new Map([[own.key, own]]);
  for (const other of stored) if (other.run === latest && !parts.has(other.key)) parts.set(other.key, other);
  const wanted = Array.from(parts.values());
  const isWritten =
    bodies.length === 1 && stored.length === wanted.length && wanted.every((one) => isIn(one, stored));
  return isWritten ? undefined : render(marker, wanted);
}

function isIn({ key, run, hash }: Part, parts: readonly Part[]): boolean {
  return parts.some((part) => part.key === key && part.run === run && part.hash === hash);
}

function ownPart({ key, title, run }: CommentPart, body: string): Part {
  const heading = title === '' ? [] : [`### ${codeSpan(title.slice(0, LONGEST_TITLE_CHARACTERS))}\n`];
  // So that nothing in the text is read as a marker later.
  const text = [...heading, body.replaceAll('<!-- part', '<\u200b!-- part').trimEnd()].join('\n');
  return { key, run, hash: createHash('sha256').update(text).digest('hex').slice(0, 16), text };
}

/** Reads the markers that `render` writes, each on a line of its own in front of its part. */
function parseParts(body: string): Part[] {
  const [, ...pieces] = body.replaceAll('\r\n', '\n').split(/^<!-- part (?=[0-9a-f]+ \d+ [0-9a-f]+ -->$)/m);
  return pieces.map((piece) => {
    const end = piece.indexOf(' -->\n');
    const [key = '', run = '', hash = ''] = piece.slice(0, end).split(' ');
    return { key, run: Number(run), hash, text: piece.slice(end + ' -->\n'.length).trimEnd() };
  });
}

function render(marker: string, parts: readonly Part[]): string {
  const sorted = parts.toSorted((a, b) => a.text.localeCompare(b.text, 'en', { numeric: true }));
  const texts = fit(sorted);
  const pieces = sorted.map(
    ({ key, run, hash }, index) => `<!-- part ${key} ${run} ${hash} -->\n${texts[index] ?? ''}\n`,
  );
  return [marker, ...pieces].join('\n');
}

/** Shortens the longest parts until all fit into one comment. */
function fit(parts: readonly Part[]): string[] {
  const markers =
    parts.length * '<!-- part  -->\n\n'.length +
    parts.reduce((sum, { key, run, hash }) => sum + key.length + String(run).length + hash.length + 2, 0);
  let free = LONGEST_PARTS_CHARACTERS - markers;
  let left = parts.length;
  const limits = new Map<Part, number>();
  for (const part of parts.toSorted((a, b) => a.text.length - b.text.length)) {
    const limit = Math.min(part.text.length, Math.floor(free / left));
    limits.set(part, limit);
    free -= limit;
    left -= 1;
  }
  return parts.map((part) => shorten(part.text, limits.get(part) ?? 0));
}

/** Whole lines of at most `limit` characters together, with a note, and with a code block closed that the cut opens. */
function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = ['', '````', '', SHORTENED].join('\n');
  const lines: string[] = [];
  let length = end.length;
  for (const line of text.replaceAll(`\n${SHORTENED}`, '').split('\n')) {
    length += line.length + 1;
    if (length > limit) break;
    lines.push(line);
  }
  const isInCode = lines.filter((line) => line.startsWith('````')).length % 2 === 1;
  return [...lines, ...(isInCode ? ['````'] : []), '', SHORTENED].join('\n');
}

import { referenceSeparator } from '../oci/digest.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../mirror/format.ts';
import { type Commit, type NamespaceResult, countAll } from '../mirror/result.ts';
import { printable } from '../oci/errors.ts';
import type { Logger } from '../oci/logger.ts';
import type { RunResult } from './result.ts';
import { renderHeadline } from './summary/totals.ts';

export interface RunLogOptions {
  readonly logger: Pick<Logger, 'info'>;
  /** True if the output shows ANSI colours: GitHub's log and terminals do. */
  readonly hasColors: boolean;
}

/** A namespace or list that was listed. */
export interface ListedLine {
  readonly namespace: string;
  readonly repositories: number;
  readonly tags: number;
  /** Requests that listing took. */
  readonly requests: number;
  readonly durationMs: number;
}

/** One image that was copied, failed or is left to the next run. */
export interface ImageLine {
  /** Path of the repository inside its namespace. */
  readonly image: string;
  /** The target's repository: `docker.io/gcrxio/base`. */
  readonly target: string;
  /** Tags that are now in the target; if none are, those that should be. */
  readonly tags: readonly string[];
  readonly kind: ImageKind;
  readonly bytes: number;
  readonly durationMs: number;
  /** Number of platforms that the image has in the target. */
  readonly platforms?: number;
  /** Number of blobs that the target took from another of its repositories. */
  readonly mounted?: number;
  readonly referrers?: number;
  /** Why it failed. */
  readonly error?: string;
}

/** `referrers`: the image was mirrored before, and its referrers were looked up. */
export type ImageKind = 'added' | 'updated' | 'referrers' | 'pending' | 'failed';

const COLORS = { green: 32, blue: 34, yellow: 33, red: 31, gray: 90, bold: 1 } as const;
type Color = keyof typeof COLORS;

const SIGNS = {
  added: { sign: '✓', color: 'green' },
  updated: { sign: '↻', color: 'blue' },
  referrers: { sign: '✓', color: 'green' },
  pending: { sign: '-', color: 'yellow' },
  failed: { sign: '✗', color: 'red' },
} as const satisfies Record<ImageKind, { sign: string; color: Color }>;

/** Up to this many namespaces, each is named even if nothing changed. */
const MAX_UNCHANGED_LINES = 20;
const MAX_TAGS = 5;
const MAX_ERROR_CHARACTERS = 400;
/** Beyond this size of all image lines, only failures are logged: GitHub shows no log of many megabytes. */
const MAX_IMAGE_BYTES = 4_000_000;

/** The log of a run, as people read it: one line per thing that was done, with its size and time. */
export class RunLog {
  readonly #options: RunLogOptions;
  #imageBytes = 0;
  #omittedImages = 0;

  constructor(options: RunLogOptions) {
    this.#options = options;
  }

  /** `✓ gcr.io/distroless · 42 repositories · 1,461 tags · 43 requests in 2.1 s` */
  listed({ namespace, repositories, tags, requests, durationMs }: ListedLine): void {
    this.#line('green', '✓', namespace, [
      `${formatCount(repositories)} ${repositories === 1 ? 'repository' : 'repositories'}`,
      plural(tags, 'tag'),
      `${plural(requests, 'request')} in ${formatSeconds(durationMs)}`,
    ]);
  }

  /** `✓ references of lists · 2,242 in 77 namespaces`: nothing is requested for them here. */
  references(count: number, namespaces: number): void {
    this.#line('green', '✓', 'references of lists', [
      `${formatCount(count)} in ${plural(namespaces, 'namespace')}`,
    ]);
  }

  /** `✗ gcr.io/distroless · status 503 …` */
  notListed(namespace: string, reason: string): void {
    this.#line('red', '✗', namespace, [printable(reason, MAX_ERROR_CHARACTERS)]);
  }

  /** `gcr.io/distroless · 3 tags to add · 1 to update · 1,461 unchanged · 1.2 GB` */
  planned(result: NamespaceResult): void {
    const { added, updated, unchanged, failed, pending, gone, bytes } = countAll([result]);
    const toDo = pending - added - updated;
    const parts = [
      ...(added > 0 ? [`${plural(added, 'tag')} to add`] : []),
      ...(updated > 0 ? [`${plural(updated, 'tag')} to update`] : []),
      ...(toDo > 0 ? [`${plural(toDo, 'tag')} pending`] : []),
      ...(unchanged > 0 ? [`${formatCount(unchanged)} unchanged`] : []),
      ...(result.adopted > 0 ? [`${formatCount(result.adopted)} adopted`] : []),
      ...(gone > 0 ? [`${formatCount(gone)} removed from the source`] : []),
      ...(failed > 0 ? [plural(failed, 'failure')] : []),
      ...(bytes > 0 ? [`at most ${formatBytes(bytes)}`] : []),
    ];
    this.#line(failed > 0 ? 'red' : 'bold', '', result.namespace, parts.length > 0 ? parts : ['no tags']);
  }

  /** The lines of all plans. Of many namespaces, those without changes are only counted; then the total. */
  plannedAll(results: readonly NamespaceResult[]): void {
    const isMany = results.length > MAX_UNCHANGED_LINES;
    const idle = isMany ? results.filter(isIdle) : [];
    for (const result of results) if (!isMany || !isIdle(result)) this.planned(result);
    if (idle.length > 0) {
      const { unchanged } = countAll(idle);
      this.info(`${plural(idle.length, 'more namespace')} without changes · ${plural(unchanged, 'tag')}`);
    }
    if (results.length < 2) return;
    const { added, updated, bytes } = countAll(results);
    const total = `${plural(added, 'tag')} to add, ${formatCount(updated)} to update`;
    this.#line('bold', '', 'Total', [total, ...(bytes > 0 ? [`at most ${formatBytes(bytes)}`] : [])]);
  }

  /** `✓ java/debian12:17 → docker.io/x/java_debian12 · 42.1 MB in 3.2 s · 2 platforms · 3 layers mounted` */
  copied(line: ImageLine): void {
    const { sign, color } = SIGNS[line.kind];
    const text = this.#render(color, sign, imageNames(line), imageDetails(line));
    const isFailure = line.kind === 'failed';
    if (!isFailure && this.#imageBytes > MAX_IMAGE_BYTES) {
      this.#omittedImages += 1;
      return;
    }
    this.#imageBytes += Buffer.byteLength(text) + 1;
    this.#options.logger.info(text);
  }

  /** To be called when copying has ended. */
  copyingEnded(): void {
    if (this.#omittedImages > 0) {
      const images = plural(this.#omittedImages, 'more image');
      this.info(`${images} were copied: the log would be too long. The JSON report names all of them.`);
    }
  }

  /** `✓ gcr.io/distroless.json · https://github.com/…/commit/…` */
  committed({ path, url }: Commit): void {
    this.#line('green', '✓', path, [printable(url)]);
  }

  /** The totals in one line. */
  finished(result: RunResult): void {
    const { bytes } = countAll(result.namespaces);
    const took = formatDuration(result.finished.getTime() - result.started.getTime());
    const isCopying = result.mode === 'sync' && !result.dryRun;
    const parts = [...(isCopying && bytes > 0 ? [`${formatBytes(bytes)} sent`] : []), `in ${took}`];
    this.#line('bold', '', renderHeadline(result), parts);
  }

  /** A line without a sign. */
  info(text: string): void {
    this.#options.logger.info(text);
  }

  #line(color: Color, sign: string, subject: string, details: readonly string[]): void {
    this.#options.logger.info(this.#render(color, sign, printable(subject), details));
  }

  #render(color: Color, sign: string, subject: string, details: readonly string[]): string {
    const head = sign === '' ? this.#paint(color, subject) : `${this.#paint(color, sign)} ${subject}`;
    return details.length === 0 ? head : `${head} ${this.#paint('gray', `· ${details.join(' · ')}`)}`;
  }

  #paint(color: Color, text: string): string {
    return this.#options.hasColors ? `\u001B[${COLORS[color]}m${text}\u001B[0m` : text;
  }
}

function isIdle({ copied, failures, pending, adopted, gone, drift }: NamespaceResult): boolean {
  return copied.length + failures.length + pending + adopted + gone.length === 0 && !drift;
}

/** `java/debian12:17, 21 and 3 more → docker.io/x/java_debian12` */
function imageNames({ image, target, tags }: ImageLine): string {
  const shown = tags.slice(0, MAX_TAGS).map((tag) => printable(tag, 128));
  const rest = tags.length - shown.length;
  const names =
    shown.length === 0
      ? ''
      : `${referenceSeparator(shown[0] ?? '')}${shown.join(', ')}${rest > 0 ? ` and ${formatCount(rest)} more` : ''}`;
  return `${printable(image)}${names} → ${printable(target)}`;
}

function imageDetails({
  kind,
  bytes,
  durationMs,
  platforms,
  mounted = 0,
  referrers = 0,
  error,
}: ImageLine): string[] {
  if (kind === 'failed') return [printable(error ?? 'unknown error', MAX_ERROR_CHARACTERS)];
  if (kind === 'pending') return ['left to the next run'];
  return [
    bytes > 0
      ? `${formatBytes(bytes)} in ${formatSeconds(durationMs)}`
      : `nothing to send, ${formatSeconds(durationMs)}`,
    ...(platforms !== undefined && platforms > 1 ? [plural(platforms, 'platform')] : []),
    ...(mounted > 0 ? [`${plural(mounted, 'layer')} mounted`] : []),
    ...(referrers > 0 ? [plural(referrers, 'referrer')] : []),
  ];
}

/** `3.2 s`; from 10 s on as `formatDuration`. */
function formatSeconds(ms: number): string {
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

import { formatBytes, formatCount, formatDuration, plural } from '../mirror/format.ts';

/** Time between two progress lines. */
const INTERVAL_MS = 10_000;
/** The rate is measured over this many intervals. */
const RATE_WINDOW_INTERVALS = 6;

export interface ProgressOptions {
  /** Images to copy. */
  readonly total: number;
  readonly log: (line: string) => void;
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number;
}

/** Logs the progress of long work every ten seconds. Work that ends sooner logs nothing. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: { time: number; images: number; bytes: number }[];
  #images = 0;
  #bytes = 0;
  #failed = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#samples = [{ time: options.clock(), images: 0, bytes: 0 }];
    this.#timer = setInterval(() => this.tick(), INTERVAL_MS).unref();
  }

  /** Counts an image that is finished. */
  done(bytes: number, failed: boolean): void {
    this.#images += 1;
    this.#bytes += bytes;
    if (failed) this.#failed += 1;
  }

  /** Ends the progress lines. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Logs one progress line. */
  tick(): void {
    const { total, log, clock } = this.#options;
    const now = { time: clock(), images: this.#images, bytes: this.#bytes };
    const [first = now] = this.#samples;
    this.#samples.push(now);
    if (this.#samples.length > RATE_WINDOW_INTERVALS) this.#samples.shift();
    const seconds = Math.max(0.001, (now.time - first.time) / 1000);
    const left = total - this.#images;
    const perSecond = (now.images - first.images) / seconds;
    const parts = [
      `${formatCount(this.#images)} of ${formatCount(total)} images`,
      formatBytes(this.#bytes),
      `${formatBytes((now.bytes - first.bytes) / seconds)}/s`,
      perSecond > 0 ? `about ${formatDuration((left / perSecond) * 1000)} left` : 'none finished lately',
      ...(this.#failed > 0 ? [`${formatCount(this.#failed)} failed`] : []),
    ];
    log(parts.join(', '));
  }
}

export interface StepProgressOptions {
  /** What is done to a namespace: `listed`. */
  readonly verb: string;
  /** Namespaces. */
  readonly total: number;
  /** Number of requests so far. */
  readonly requests: () => number;
  readonly log: (line: string) => void;
}

/** Logs every ten seconds how many namespaces are done. */
export class StepProgress {
  readonly #options: StepProgressOptions;
  readonly #timer: NodeJS.Timeout;
  #done = 0;

  constructor(options: StepProgressOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.tick(), INTERVAL_MS).unref();
  }

  /** Counts a namespace that is done. */
  done(): void {
    this.#done += 1;
  }

  /** Ends the progress lines. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Logs one progress line. */
  tick(): void {
    const { verb, total, requests, log } = this.#options;
    log(
      `${formatCount(this.#done)} of ${plural(total, 'namespace')} ${verb} · ${plural(requests(), 'request')}`,
    );
  }
}

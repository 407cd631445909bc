import { DownloadProgress, downloadBlob } from '../../oci/blob-download.ts';
import type { RegistryClient } from '../../oci/client.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Patience } from '../patience.ts';
import { ChunkQueue } from './chunk-queue.ts';

/** A blob on its way from its source to one target. */
export interface BlobStream {
  readonly source: RegistryClient;
  /** The repository of the source. */
  readonly from: string;
  readonly target: RegistryClient;
  readonly blob: Descriptor;
}

/**
 * One download of a blob that is sent to several targets while it arrives. It starts when each reader has asked for the content or
 * left. It is as fast as its slowest reader, as long as there is patience with that one: then the slow reader continues with a
 * download of its own.
 */
export class SharedDownload {
  readonly #patience: Patience<RegistryClient>;
  readonly #readers: Set<BlobReader>;
  readonly #ended = new AbortController();
  #changed = Promise.withResolvers<void>();

  /** @param readers at least one */
  constructor(readers: readonly BlobReader[], patience: Patience<RegistryClient>) {
    this.#readers = new Set(readers);
    this.#patience = patience;
    for (const reader of readers) reader.onChange = () => this.#notify();
  }

  /** Ends when all readers have the content, have left, or continue alone. Never throws: each reader learns of a failure. */
  async run(): Promise<void> {
    await this.#untilAllAsked();
    const [first, ...others] = this.#remaining();
    if (first && others.length === 0) first.continueAlone();
    else if (first) await this.#feed(first.stream);
  }

  #notify(): void {
    if (this.#remaining().length === 0) this.#ended.abort();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Readers that have not asked in time continue alone when they do. */
  async #untilAllAsked(): Promise<void> {
    for (;;) {
      const remaining = this.#remaining();
      const missing = remaining.filter(({ state }) => state === 'starting');
      if (missing.length === 0) return;
      const { promise } = this.#changed;
      // While nobody has asked, nobody waits.
      if (missing.length === remaining.length) await promise;
      else if (!(await this.#patience.wait(targetsOf(missing), promise))) {
        for (const reader of missing) this.#release(reader);
        return;
      }
    }
  }

  async #feed({ source, from, blob }: BlobStream): Promise<void> {
    const progress = DownloadProgress.of(blob);
    let sent = 0;
    try {
      for await (const chunk of downloadBlob(source, from, blob, this.#ended.signal, progress)) {
        for (const reader of this.#remaining()) reader.queue.push(chunk);
        sent += chunk.length;
        if (sent < blob.size) await this.#untilRoom(progress);
        if (this.#remaining().length === 0) return;
      }
      for (const reader of this.#remaining()) reader.queue.end();
    } catch (error) {
      for (const reader of this.#remaining()) {
        // What one repository refuses, another may have.
        if (sent === 0 && reader.stream.from !== from) reader.continueAlone();
        else reader.queue.fail(error);
      }
    }
  }

  /** Waits until each reader has room for more, or those without room hold up the others for too long. */
  async #untilRoom(progress: DownloadProgress): Promise<void> {
    for (;;) {
      const remaining = this.#remaining();
      const full = remaining.filter(({ queue }) => queue.isFull);
      if (full.length === 0) return;
      const { promise } = this.#changed;
      if (!remaining.some(({ queue }) => queue.isHungry)) await promise;
      else if (!(await this.#patience.wait(targetsOf(full), promise))) {
        for (const reader of full) this.#release(reader, progress.copy());
      }
    }
  }

  #release(reader: BlobReader, progress?: DownloadProgress): void {
    this.#readers.delete(reader);
    reader.continueAlone(progress);
  }

  #remaining(): BlobReader[] {
    return Array.from(this.#readers).filter(({ state }) => state !== 'gone');
  }
}

function targetsOf(readers: readonly BlobReader[]): RegistryClient[] {
  return Array.from(new Set(readers.map(({ stream }) => stream.target)));
}

/** One target's part in a download. */
export class BlobReader {
  readonly stream: BlobStream;
  readonly queue = new ChunkQueue(() => this.onChange());
  /** `starting`: its upload is being prepared. */
  state: 'starting' | 'reading' | 'gone' = 'starting';
  onChange: () => void = () => undefined;
  readonly #started = Promise.withResolvers<void>();
  #isAlone = false;
  /** What a download of its own continues. */
  #progress: DownloadProgress | undefined;

  constructor(stream: BlobStream) {
    this.stream = stream;
  }

  /** Resolves when the stream has a slot at its target. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  start(): void {
    this.#started.resolve();
  }

  /**
   * The content, verified as by `downloadBlob`.
   *
   * @param signal ends a download of its own
   */
  open(signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.state = 'reading';
    this.onChange();
    const { source, from, blob } = this.stream;
    return this.#isAlone ? downloadBlob(source, from, blob, signal) : this.#read(signal);
  }

  /** To be called when the upload has ended, whatever its result. */
  leave(): void {
    this.state = 'gone';
    this.queue.fail(new Error('The upload has ended'));
    this.onChange();
  }

  /** After what it has been given, the content comes from a download of its own. */
  continueAlone(progress?: DownloadProgress): void {
    this.#isAlone = progress === undefined;
    this.#progress = progress;
    this.queue.end('detached');
  }

  async *#read(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const end = yield* this.queue.read();
    if (end !== 'detached') return;
    const { source, from, blob } = this.stream;
    yield* downloadBlob(source, from, blob, signal, this.#progress);
  }
}

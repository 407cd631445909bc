import type { RegistryClient } from '../../oci/client.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Patience } from '../patience.ts';
import { ExpectedBlobs } from './expected-blobs.ts';
import { BlobReader, type BlobStream, SharedDownload } from './shared-download.ts';
import { StreamSlots } from './stream-slots.ts';

type SizedBlob = Pick<Descriptor, 'digest' | 'size'>;

/** Reads what it is given, and sends it. `open` returns the content; it is not called when the target has the blob already. */
export type Send<T> = (open: (signal: AbortSignal) => AsyncIterable<Uint8Array>) => Promise<T>;

/**
 * The large blobs that are streamed from sources to targets. Each target takes a number of them at the same time. A blob that several
 * targets are expected to need is downloaded once: its download waits until each of them is ready for it, as long as there is
 * patience with them.
 */
export class BlobStreams {
  readonly #patience: Patience<RegistryClient>;
  readonly #slots: StreamSlots;
  readonly #expected = new ExpectedBlobs();
  /** Streams that wait for others of the same blob, by blob. */
  readonly #gathering = new Map<string, Gathering>();

  /** @param slots number of blobs that one target takes at the same time */
  constructor(slots: number, patience: Patience<RegistryClient>) {
    this.#slots = new StreamSlots(slots);
    this.#patience = patience;
  }

  /**
   * Announces that `target` will need `blobs` from `source`.
   *
   * @returns a function to be called when the copy that needs them has ended
   */
  expect(target: RegistryClient, source: RegistryClient, blobs: readonly SizedBlob[]): () => void {
    const keys = blobs.map((blob) => keyOf(source, blob));
    const close = this.#expected.add(target, keys);
    return () => {
      close();
      for (const key of keys) this.#gathering.get(key)?.notify();
    };
  }

  /** To be called when `target` has the blob: it will not need it from the source. */
  settle(target: RegistryClient, source: RegistryClient, blob: SizedBlob): void {
    const key = keyOf(source, blob);
    this.#expected.settle(target, key);
    this.#gathering.get(key)?.notify();
  }

  /** Runs `send` once `stream` has a slot at its target, and the targets that share its download have one too. */
  async run<T>(stream: BlobStream, send: Send<T>): Promise<T> {
    const key = keyOf(stream.source, stream.blob);
    const reader = new BlobReader(stream);
    const leave = this.#expected.enter(stream.target, key);
    const isShared = leave !== undefined && this.#gathering.get(key)?.has(stream.target) !== true;
    await (isShared ? this.#gather(key, reader) : this.#slots.take([reader], startAlone));
    try {
      return await send((signal) => reader.open(signal));
    } finally {
      reader.leave();
      this.#slots.release(stream.target);
      leave?.();
      this.#gathering.get(key)?.notify();
    }
  }

  /** Resolves when the stream of `reader` has its slot. */
  async #gather(key: string, reader: BlobReader): Promise<void> {
    let gathering = this.#gathering.get(key);
    if (gathering) {
      gathering.add(reader);
    } else {
      gathering = new Gathering(reader);
      this.#gathering.set(key, gathering);
      void this.#start(key, gathering);
    }
    return reader.started;
  }

  /** Never throws. */
  async #start(key: string, gathering: Gathering): Promise<void> {
    for (;;) {
      const awaited = this.#expected.awaited(key);
      if (awaited.length === 0 || !(await this.#patience.wait(awaited, gathering.changed))) break;
    }
    this.#gathering.delete(key);
    const { readers } = gathering;
    const start = (together: readonly BlobReader[]): void => {
      void new SharedDownload(together, this.#patience).run();
    };
    await this.#take(readers, start);
  }

  /** Resolves when `readers` have their slots, or were separated. */
  async #take(
    readers: readonly BlobReader[],
    start: (together: readonly BlobReader[]) => void,
  ): Promise<void> {
    const taking = this.#slots.take(readers, start);
    if (readers.length > 1) await this.#separateFull(readers, taking, start);
  }

  /** Readers whose target has no free slot don't hold up the others for long: they start later, alone. */
  async #separateFull(
    readers: readonly BlobReader[],
    taking: Promise<void>,
    start: (together: readonly BlobReader[]) => void,
  ): Promise<void> {
    let isTaken = false;
    void taking.then(() => (isTaken = true));
    for (;;) {
      await Promise.resolve();
      if (isTaken) return;
      const full = readers.filter(({ stream }) => !this.#slots.isFree(stream.target));
      const change = Promise.race([taking, this.#slots.changed]);
      if (full.length === 0 || full.length === readers.length) {
        await change;
        continue;
      }
      const targets = Array.from(new Set(full.map(({ stream }) => stream.target)));
      if (await this.#patience.wait(targets, change)) continue;
      // They may have got their slots just now: `isTaken` is set a little later.
      if (!this.#slots.withdraw(readers)) return;
      const ready = readers.filter((reader) => !full.includes(reader));
      const taken = this.#take(ready, start);
      for (const reader of full) void this.#slots.take([reader], startAlone);
      return taken;
    }
  }
}

function startAlone([reader]: readonly BlobReader[]): void {
  reader?.continueAlone();
}

/** Descriptors may state different sizes of one blob: a download is checked against one of them, and fails all its readers. */
function keyOf({ registry }: RegistryClient, { digest, size }: SizedBlob): string {
  return `${registry}@${digest} ${size}`;
}

/** The streams of one blob that will share a download. */
class Gathering {
  readonly readers: BlobReader[];
  #changed = Promise.withResolvers<void>();

  constructor(reader: BlobReader) {
    this.readers = [reader];
  }

  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  has(target: RegistryClient): boolean {
    return this.readers.some(({ stream }) => stream.target === target);
  }

  add(reader: BlobReader): void {
    this.readers.push(reader);
    this.notify();
  }

  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

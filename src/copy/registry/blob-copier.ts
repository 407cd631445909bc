import { SingleFlight, bothOrThrow } from '../../oci/async.ts';
import { ContentError } from '../../oci/blob-download.ts';
import { type UploadStart, startUpload, uploadChunks, uploadWhole } from '../../oci/blob-upload.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { RegistryError } from '../../oci/errors.ts';
import { RetryBudget } from '../../oci/http/retry.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { CopyTask } from '../engine.ts';
import { isKept, readBlob } from '../shared-source.ts';
import type { BlobStreams } from './blob-streams.ts';
import { type BlobTransfer, corruptKeys, uploadProblem } from './blob-transfer.ts';
import { isCommitted } from './commit-check.ts';
import type { PresenceCheck } from './presence-check.ts';
import type { TargetInventory } from './target-inventory.ts';
import { type UploadStrategy, UploadStrategies } from './upload-strategy.ts';

/** A blob of at most this size is read into memory before it is sent: it is no larger than one chunk of a stream. */
const SMALL_BLOB_BYTES = 64 * 1024;
/** A blob of at least this size is worth a HEAD request that may save its upload. */
const WORTH_A_HEAD_BYTES = 1024 ** 2;
/** Number of mount requests that fail with a server error before no more are sent. */
const MAX_FAILED_MOUNTS = 3;
/** Size of a chunk where the target refuses larger requests and does not state its limit. */
const CHUNK_BYTES = 16 * 1024 ** 2;

export interface BlobCopierOptions {
  readonly target: RegistryClient;
  readonly inventory: TargetInventory;
  readonly presence: PresenceCheck;
  /** Streams the large blobs of all targets. */
  readonly streams: BlobStreams;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/** Copies blobs to one target registry. Each blob is sent at most once, however many images contain it. */
export class BlobCopier {
  readonly #options: BlobCopierOptions;
  readonly #transfers = new SingleFlight<number>();
  /** Errors of blobs that do not match their descriptor, by `corruptKeys`: other images need not download them again. */
  readonly #corrupt = new Map<string, RegistryError>();
  readonly #strategies = new UploadStrategies();
  /**
   * Whether the target mounts blobs. `never` once it opened an upload for a blob that it had, as Amazon ECR does for every
   * mount request, or several mount requests failed and none succeeded.
   */
  #mounts: 'unknown' | 'yes' | 'never' = 'unknown';
  #failedMounts = 0;
  /** Pairs of a source's and a target's repository in this registry, `from to`, between which it does not mount. */
  readonly #unmountable = new Set<string>();

  constructor(options: BlobCopierOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that `repository` of the target holds `blob`.
   *
   * @param isCheckedByTarget true when the target will refuse the manifest if the blob is missing: then the inventory suffices
   * @returns number of bytes sent; 0 when the blob was already present or was mounted
   */
  async copy(
    { client: source, repository: from }: Pick<CopyTask['source'], 'client' | 'repository'>,
    blob: Descriptor,
    repository: string,
    isCheckedByTarget = false,
  ): Promise<number> {
    const { target, inventory, presence, streams } = this.#options;
    const { digest } = blob;
    for (;;) {
      const mountSource = inventory.repositoryWith(digest, repository);
      if (mountSource === repository) {
        if (isCheckedByTarget || (await presence.hasBlob(repository, digest))) return 0;
        continue;
      }
      // While no repository has the blob, one caller sends it and all others wait, to mount it afterwards. A mount is awaited
      // only by callers that need the blob in the same repository.
      const key = mountSource === undefined ? digest : `${repository}@${digest}`;
      const running = this.#transfers.get(key);
      if (running) {
        await running.catch(() => undefined);
        continue;
      }
      return this.#transfers.run(key, async () => {
        const own = mountSource === undefined && this.#mayMountFrom(source, from, repository);
        const sent = await this.#transfer({
          source,
          from,
          blob,
          repository,
          mountSource: own ? from : mountSource,
          isFromSource: own,
        });
        inventory.noteBlob(repository, digest);
        streams.settle(target, source, blob);
        return sent;
      });
    }
  }

  /** Mounts or sends one blob, and retries what may pass. */
  async #transfer(transfer: BlobTransfer): Promise<number> {
    const { retries, sleep, random } = this.#options;
    const { here, anywhere } = corruptKeys(transfer);
    const known = this.#corrupt.get(here);
    if (known) throw known;
    // A blob that is corrupt in one repository is most likely corrupt in the others too.
    const retryBudget = new RetryBudget(this.#corrupt.has(anywhere) ? 0 : retries, random);
    let strategy = this.#strategies.first();
    for (;;) {
      const upload = { isSent: false };
      try {
        return await (transfer.blob.size <= SMALL_BLOB_BYTES
          ? this.#transferSmall(transfer, upload)
          : this.#transferLarge(transfer, strategy, upload));
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        const { blob, repository } = transfer;
        const failure = { error, isSent: upload.isSent };
        if (await isCommitted(this.#options.target, repository, blob, failure, this.#options))
          return blob.size;
        const failed = strategy;
        strategy = this.#strategies.next(failed, error);
        if (error.status === 413 && failed === 'whole') continue;
        const delay = retryBudget.nextDelay(uploadProblem(error));
        if (delay === undefined) throw this.#noteCorrupt(transfer, error);
        await sleep(delay);
      }
    }
  }

  #noteCorrupt(transfer: BlobTransfer, error: RegistryError): RegistryError {
    if (error instanceof ContentError) {
      const { here, anywhere } = corruptKeys(transfer);
      this.#corrupt.set(here, error).set(anywhere, error);
    }
    return error;
  }

  /** Where source and target are one registry, it may mount blobs from the source's repository: then nothing is read or sent. */
  #mayMountFrom({ registry }: RegistryClient, from: string, repository: string): boolean {
    const isOneRegistry = registry === this.#options.target.registry;
    return isOneRegistry && from !== repository && !this.#unmountable.has(`${from} ${repository}`);
  }

  async #start({ blob, from: origin, ...transfer }: BlobTransfer): Promise<UploadStart> {
    const { repository, mountSource, isFromSource } = transfer;
    const { target, inventory } = this.#options;
    const isPresent = async (): Promise<boolean> =>
      target.hasBlob(repository, blob.digest).catch(() => false);
    if (this.#mounts === 'never' && (await isPresent())) return { kind: 'mounted' };
    const from = this.#mounts === 'never' ? undefined : (mountSource ?? repository);
    const start = await startUpload(target, repository, blob.digest, from);
    if (start.kind === 'mounted') {
      this.#mounts = 'yes';
      return start;
    }
    // The source has the blob: the target's account may not read it there.
    if (isFromSource) this.#unmountable.add(`${origin} ${repository}`);
    else if (mountSource !== undefined) inventory.forgetBlob(mountSource, blob.digest);
    if (start.mountError) this.#noteFailedMount(start.mountError);
    const isUnknown = this.#mounts === 'unknown' && mountSource === undefined;
    const isInDoubt = start.mountError !== undefined || isUnknown || isFromSource;
    if (!isInDoubt || blob.size < WORTH_A_HEAD_BYTES || !(await isPresent())) return start;
    if (isUnknown && !start.mountError) this.#mounts = 'never';
    return { kind: 'mounted' };
  }

  /** A refusal may concern one repository; a server error that repeats concerns mounts. */
  #noteFailedMount({ status }: RegistryError): void {
    if (status !== undefined && status < 500) return;
    this.#failedMounts += 1;
    if (this.#failedMounts >= MAX_FAILED_MOUNTS && this.#mounts === 'unknown') this.#mounts = 'never';
  }

  async #transferSmall(transfer: BlobTransfer, upload: Upload): Promise<number> {
    const { source, from, blob, repository, mountSource } = transfer;
    const read = async (): Promise<Uint8Array> => readBlob(source, from, blob);
    // When a mount is unlikely, the content is read while the upload is being started.
    const [start, early] = await bothOrThrow(
      this.#start(transfer),
      mountSource === undefined ? read() : undefined,
    );
    if (start.kind === 'mounted') return 0;
    const content = early ?? (await read());
    upload.isSent = true;
    await uploadWhole(this.#options.target, repository, blob.digest, start.location, {
      size: blob.size,
      content,
    });
    return blob.size;
  }

  async #transferLarge(transfer: BlobTransfer, strategy: UploadStrategy, upload: Upload): Promise<number> {
    const { source, from, blob, repository } = transfer;
    const { target, streams } = this.#options;
    return streams.run({ source, from, target, blob }, async (open) => {
      const start = await this.#start(transfer);
      if (start.kind === 'mounted') return 0;
      // When the upload fails, the download must end too: its connection would stay open for ever.
      const ended = new AbortController();
      const blobs = isKept(source, blob) ? kept(source, from, blob) : open(ended.signal);
      const content = untilSent(blobs, upload);
      const body = { size: blob.size, content };
      const chunk = Math.max(CHUNK_BYTES, start.minChunkBytes);
      try {
        if (start.minChunkBytes > 0 || (strategy === 'chunks' && blob.size > chunk)) {
          await uploadChunks(target, repository, blob.digest, start.location, body, chunk);
        } else {
          await uploadWhole(target, repository, blob.digest, start.location, body);
        }
      } finally {
        ended.abort();
      }
      return blob.size;
    });
  }
}

/** One attempt to send a blob. */
interface Upload {
  /** True once all of the blob was handed to the connection. */
  isSent: boolean;
}

async function* untilSent(
  content: AsyncIterable<Uint8Array>,
  upload: Upload,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* content;
  upload.isSent = true;
}

/** The content of a blob that is kept for several targets. */
async function* kept(
  source: RegistryClient,
  from: string,
  blob: Descriptor,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield await readBlob(source, from, blob);
}

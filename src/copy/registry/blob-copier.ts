import type { LimitFunction } from 'p-limit';
import { ContentError, downloadBlob } from '../../oci/blob-download.ts';
import { type UploadStart, startUpload, uploadChunks, uploadWhole } from '../../oci/blob-upload.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { RegistryError } from '../../oci/errors.ts';
import { type Problem, RetryBudget } from '../../oci/http/retry.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { TargetInventory } from './target-inventory.ts';

/** A blob of at most this many bytes is read before it is sent: no more than one chunk of a stream. */
const SMALL_BYTES = 64 * 1024;
/** A blob of so many bytes is worth a question more before it is sent. */
const WORTH_A_CHECK_BYTES = 1024 ** 2;
/** Bytes a request where the target refuses larger ones and does not say what it takes. */
const CHUNK_BYTES = 16 * 1024 ** 2;

export interface BlobCopierOptions {
  readonly target: RegistryClient;
  readonly inventory: TargetInventory;
  /** Bounds the blobs that are streamed at a time. */
  readonly limit: LimitFunction;
  readonly retries: number;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/** Brings blobs to one target registry: each is sent at most once, however many images ask for it and when. */
export class BlobCopier {
  readonly #options: BlobCopierOptions;
  readonly #underWay = new Map<string, Promise<number>>();
  /** Blobs that are not what their descriptor says, by `spoiltKeys`: the next image need not find out again. */
  readonly #spoilt = new Map<string, RegistryError>();
  /** Set once the target has refused a blob as too large for one request. */
  #chunked = false;
  /** Whether the target mounts blobs; `never` once it did not mount one that it had. ECR opens an upload for whatever is asked. */
  #mounts: 'perhaps' | 'yes' | 'never' = 'perhaps';

  constructor(options: BlobCopierOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that `repository` of the target holds `blob`, which `source` has in `from`.
   *
   * @returns bytes sent: 0 when it was there or could be mounted
   */
  async copy(source: RegistryClient, from: string, blob: Descriptor, repository: string): Promise<number> {
    const { inventory } = this.#options;
    const { digest } = blob;
    for (;;) {
      const mountSource = inventory.repositoryWith(digest, repository);
      if (mountSource === repository) return 0;
      // Nobody has it: whoever is first sends it, the others wait and then mount it. Mounts only wait for their like.
      const key = mountSource === undefined ? digest : `${repository}@${digest}`;
      const other = this.#underWay.get(key);
      if (other) {
        await other.catch(() => undefined);
        continue;
      }
      const bringing = this.#bring({ source, from, blob, repository, mountSource });
      this.#underWay.set(key, bringing);
      try {
        const sent = await bringing;
        inventory.noteBlob(repository, digest);
        return sent;
      } finally {
        this.#underWay.delete(key);
      }
    }
  }

  async #bring(move: BlobTransfer): Promise<number> {
    const { retries, sleep, random } = this.#options;
    const { here, anywhere } = spoiltKeys(move);
    const known = this.#spoilt.get(here);
    if (known) throw known;
    // What is not what its digest says in one repository is likely the same in the others.
    const retryBudget = new RetryBudget(this.#spoilt.has(anywhere) ? 0 : retries, random);
    let isBroken = false;
    for (;;) {
      // Some close the connection on a request that is too large, and say nothing: every other try goes in chunks then.
      const chunked = this.#chunked || (isBroken && retryBudget.used % 2 === 1);
      try {
        return await (move.blob.size <= SMALL_BYTES
          ? this.#bringSmall(move)
          : this.#bringLarge(move, chunked));
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        if (error.status === 413 && !chunked) {
          this.#chunked = true;
          continue;
        }
        const delay = retryBudget.nextDelay(againFor(error));
        if (delay === undefined) throw this.#noteSpoilt(move, error);
        await sleep(delay);
        isBroken ||= error.method === 'PUT' && error.status === undefined;
      }
    }
  }

  #noteSpoilt(move: BlobTransfer, error: RegistryError): RegistryError {
    if (error instanceof ContentError) {
      const { here, anywhere } = spoiltKeys(move);
      this.#spoilt.set(here, error).set(anywhere, error);
    }
    return error;
  }

  async #start({ blob, repository, mountSource }: BlobTransfer): Promise<UploadStart> {
    const { target, inventory } = this.#options;
    const isThere = async (): Promise<boolean> => target.hasBlob(repository, blob.digest).catch(() => false);
    if (this.#mounts === 'never' && (await isThere())) return { kind: 'mounted' };
    const start = await startUpload(target, repository, blob.digest, mountSource ?? repository);
    if (start.kind === 'mounted') this.#mounts = 'yes';
    else if (mountSource !== undefined) inventory.forgetBlob(mountSource, blob.digest);
    else if (this.#mounts === 'perhaps' && blob.size >= WORTH_A_CHECK_BYTES && (await isThere())) {
      this.#mounts = 'never';
      return { kind: 'mounted' };
    }
    return start;
  }

  async #bringSmall(move: BlobTransfer): Promise<number> {
    const { source, from, blob, repository, mountSource } = move;
    const read = async (): Promise<Uint8Array> => gather(downloadBlob(source, from, blob));
    // Where nothing speaks for a mount the content is read meanwhile.
    const [start, early] = await settleBoth(
      this.#start(move),
      mountSource === undefined ? read() : undefined,
    );
    if (start.kind === 'mounted') return 0;
    const content = early ?? (await read());
    await uploadWhole(this.#options.target, repository, blob.digest, start.location, {
      size: blob.size,
      content,
    });
    return blob.size;
  }

  async #bringLarge(move: BlobTransfer, chunked: boolean): Promise<number> {
    const { source, from, blob, repository } = move;
    const { target, limit } = this.#options;
    return limit(async () => {
      const start = await this.#start(move);
      if (start.kind === 'mounted') return 0;
      // Whichever ends first ends the other: a download with no upload would wait for ever.
      const ended = new AbortController();
      const body = { size: blob.size, content: downloadBlob(source, from, blob, ended.signal) };
      const chunk = Math.max(CHUNK_BYTES, start.minChunkBytes);
      try {
        if (start.minChunkBytes > 0 || (chunked && blob.size > chunk)) {
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

/** One blob's way to one repository of the target. */
interface BlobTransfer {
  readonly source: RegistryClient;
  readonly from: string;
  readonly blob: Descriptor;
  readonly repository: string;
  /** Another repository of the target that is known to have it. */
  readonly mountSource: string | undefined;
}

/** A blob in one repository of its source, and in any. Descriptors may give it different sizes. */
function spoiltKeys({ source, from, blob: { digest, size } }: BlobTransfer): {
  here: string;
  anywhere: string;
} {
  return { here: `${source.registry}/${from}@${digest} ${size}`, anywhere: `${digest} ${size}` };
}

/**
 * Whether another upload may end well. A body can't be sent again: its token may have ended meanwhile (401), the registry may
 * not know the upload any more (404), or not agree how far it is (416). All other requests have been tried again already.
 */
function againFor({ method, status, retryable, ambiguous, retryAfter }: RegistryError): Problem {
  const isUpload = method === 'PUT' || method === 'PATCH';
  const isLost = isUpload && (status === 401 || status === 404 || status === 416);
  return { retryable: retryable || isLost, ambiguous: ambiguous && isUpload, retryAfter };
}

async function gather(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks = await Array.fromAsync(content);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** Both results; a failure of either is thrown only when both have ended, so that nothing is left running. */
async function settleBoth<A, B>(
  first: Promise<A>,
  second: Promise<B> | undefined,
): Promise<[A, B | undefined]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

import type { LimitFunction } from 'p-limit';
import { downloadBlob } from '../../oci/blob-download.ts';
import { type UploadStart, startUpload, uploadChunks, uploadWhole } from '../../oci/blob-upload.ts';
import type { RegistryClient } from '../../oci/client.ts';
import { RegistryError } from '../../oci/errors.ts';
import type { Sleep } from '../../oci/host-gate.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { backoffDelay } from '../../oci/retry.ts';
import type { TargetKnowledge } from './knowledge.ts';

/** A blob of at most this many bytes is read before it is sent: no more than one chunk of a stream. */
const SMALL = 64 * 1024;
/** Bytes a request where the target refuses larger ones and does not say what it takes. */
const CHUNK = 16 * 1024 ** 2;

export interface BlobCopierOptions {
  readonly target: RegistryClient;
  readonly knowledge: TargetKnowledge;
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
  /** Set once the target has refused a blob as too large for one request. */
  #chunked = false;

  constructor(options: BlobCopierOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that `repository` of the target holds `blob`, which `source` has in `from`.
   *
   * @returns bytes sent: 0 when it was there or could be mounted
   */
  async bring(source: RegistryClient, from: string, blob: Descriptor, repository: string): Promise<number> {
    const { knowledge } = this.#options;
    const { digest } = blob;
    for (;;) {
      const holder = knowledge.holderOf(digest, repository);
      if (holder === repository) return 0;
      // Nobody has it: whoever is first sends it, the others wait and then mount it. Mounts only wait for their like.
      const key = holder === undefined ? digest : `${repository}@${digest}`;
      const other = this.#underWay.get(key);
      if (other) {
        await other.catch(() => undefined);
        continue;
      }
      const bringing = this.#bring({ source, from, blob, repository, holder });
      this.#underWay.set(key, bringing);
      try {
        const sent = await bringing;
        knowledge.noteBlob(repository, digest);
        return sent;
      } finally {
        this.#underWay.delete(key);
      }
    }
  }

  async #bring(move: Move): Promise<number> {
    const { retries, sleep, random } = this.#options;
    let isBroken = false;
    for (let attempt = 0; ;) {
      // Some close the connection on a request that is too large, and say nothing: every other try goes in chunks then.
      const chunked = this.#chunked || (isBroken && attempt % 2 === 1);
      try {
        return await (move.blob.size <= SMALL ? this.#bringSmall(move) : this.#bringLarge(move, chunked));
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        if (error.status === 413 && !chunked) {
          this.#chunked = true;
          continue;
        }
        if (attempt >= retries || !isWorthAnUpload(error)) throw error;
        await sleep(Math.max(backoffDelay(attempt, random), error.retryAfter ?? 0));
        attempt += 1;
        isBroken ||= error.method === 'PUT' && error.status === undefined;
      }
    }
  }

  async #start({ blob, repository, holder }: Move): Promise<UploadStart> {
    const start = await startUpload(this.#options.target, repository, blob.digest, holder ?? repository);
    if (start.kind === 'session' && holder !== undefined)
      this.#options.knowledge.forgetBlob(holder, blob.digest);
    return start;
  }

  async #bringSmall(move: Move): Promise<number> {
    const { source, from, blob, repository, holder } = move;
    const read = async (): Promise<Uint8Array> => gather(downloadBlob(source, from, blob));
    // Where nothing speaks for a mount the content is read meanwhile.
    const [start, early] = await settleBoth(this.#start(move), holder === undefined ? read() : undefined);
    if (start.kind === 'mounted') return 0;
    const content = early ?? (await read());
    await uploadWhole(this.#options.target, repository, blob.digest, start.location, {
      size: blob.size,
      content,
    });
    return blob.size;
  }

  async #bringLarge(move: Move, chunked: boolean): Promise<number> {
    const { source, from, blob, repository } = move;
    const { target, limit } = this.#options;
    return limit(async () => {
      const start = await this.#start(move);
      if (start.kind === 'mounted') return 0;
      const body = { size: blob.size, content: downloadBlob(source, from, blob) };
      const chunk = Math.max(CHUNK, start.minChunk);
      if (start.minChunk > 0 || (chunked && blob.size > chunk)) {
        await uploadChunks(target, repository, blob.digest, start.location, body, chunk);
      } else {
        await uploadWhole(target, repository, blob.digest, start.location, body);
      }
      return blob.size;
    });
  }
}

/** One blob's way to one repository of the target. */
interface Move {
  readonly source: RegistryClient;
  readonly from: string;
  readonly blob: Descriptor;
  readonly repository: string;
  /** Another repository of the target that is known to have it. */
  readonly holder: string | undefined;
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

/**
 * True when another upload from its start may go through. A body can't be sent again when its token ended meanwhile
 * (401), or when the registry does not agree how far the upload is (416).
 */
function isWorthAnUpload({ retryable, method, status }: RegistryError): boolean {
  return retryable || ((method === 'PUT' || method === 'PATCH') && (status === 401 || status === 416));
}

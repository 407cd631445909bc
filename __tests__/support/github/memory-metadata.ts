import { gitBlobSha } from '../../../src/github/git-blob-sha.ts';
import { MetadataError } from '../../../src/github/errors.ts';
import type { PrepareDeps } from '../../../src/modes/prepare.ts';

type Metadata = PrepareDeps['metadata'];

/** A metadata repository in memory. */
export class MemoryMetadata implements Metadata {
  readonly name = 'octo/meta';
  readonly files = new Map<string, string>();
  /** The messages of its commits. */
  readonly messages: string[] = [];
  /** Thrown by `check`, if set. */
  problem: Error | undefined;
  /** Why a file can't be read. */
  readRefusal: (path: string) => MetadataError | string | undefined = () => undefined;
  /** Why a file can't be written. */
  writeRefusal: (path: string) => MetadataError | string | undefined = () => undefined;

  async check(): Promise<void> {
    await Promise.resolve();
    if (this.problem) throw this.problem;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    await Promise.resolve();
    refuse(this.readRefusal(path));
    const text = this.files.get(path);
    return text === undefined ? undefined : Buffer.from(text);
  }

  async listFiles(): Promise<ReadonlyMap<string, string>> {
    await Promise.resolve();
    return new Map(Array.from(this.files, ([path, text]) => [path, gitBlobSha(Buffer.from(text))]));
  }

  async update(...[path, message, change]: Parameters<Metadata['update']>): Promise<boolean> {
    const current = await this.read(path);
    const next = await change(current);
    if (!next || (current && Buffer.from(next).equals(current))) return false;
    refuse(this.writeRefusal(path));
    this.files.set(path, Buffer.from(next).toString());
    this.messages.push(message);
    return true;
  }
}

/** The error of a file that could not be written for a while. */
export function gaveUp(message: string): MetadataError {
  return new MetadataError(message, { kind: 'given-up' });
}

function refuse(refusal: MetadataError | string | undefined): void {
  if (refusal === undefined) return;
  throw typeof refusal === 'string' ? new MetadataError(refusal) : refusal;
}

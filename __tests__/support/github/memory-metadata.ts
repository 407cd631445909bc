import { MetadataError } from '../../../src/github/errors.ts';
import type { RecordDeps } from '../../../src/record/deps.ts';

/** A metadata repository in memory: its files, and the messages of its commits. */
export class MemoryMetadata {
  readonly files = new Map<string, string>();
  readonly messages: string[] = [];
  /** Why a file can't be read. */
  readRefusal: (path: string) => string | undefined = () => undefined;
  /** Why a file can't be written. */
  writeRefusal: (path: string) => string | undefined = () => undefined;

  readonly update: RecordDeps['metadata']['update'] = async (path, message, change) => {
    await Promise.resolve();
    refuse(this.readRefusal(path));
    const current = this.files.get(path);
    const next = change(current === undefined ? undefined : Buffer.from(current));
    if (!next || Buffer.from(next).toString() === current) return false;
    refuse(this.writeRefusal(path));
    this.files.set(path, Buffer.from(next).toString());
    this.messages.push(message);
    return true;
  };
}

function refuse(refusal: string | undefined): void {
  if (refusal !== undefined) throw new MetadataError(refusal);
}

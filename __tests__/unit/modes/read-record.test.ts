import { beforeEach, describe, expect, it } from 'vitest';
import { MetadataError } from '../../../src/github/errors.ts';
import { RecordReader } from '../../../src/modes/read-record.ts';
import { serializeNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { MemoryMetadata } from '../../support/github/memory-metadata.ts';

const ENTRIES = { a: { v1: digest(1) } };
const plan = namespacePlan();

/** A repository that answers some times that no file exists. */
class ForgetfulMetadata extends MemoryMetadata {
  missing = 0;
  lists = 0;

  override async read(path: string): Promise<Uint8Array | undefined> {
    this.missing -= 1;
    return this.missing >= 0 ? Promise.resolve(undefined) : super.read(path);
  }

  override async listFiles(): Promise<ReadonlyMap<string, string>> {
    this.lists += 1;
    return super.listFiles();
  }
}

let metadata: ForgetfulMetadata;

beforeEach(() => {
  metadata = new ForgetfulMetadata();
  const manifest = { source: 'gcr.io/ns', target: 'docker.io/mirror', images: recorded(ENTRIES) };
  metadata.files.set(plan.recordPath, serializeNamespaceManifest(manifest));
});

const read = async (given = plan): Promise<unknown> =>
  plainEntries((await new RecordReader(metadata).read(given)).images);

describe('RecordReader', () => {
  it('reads a record in one request', async () => {
    expect(await read()).toEqual(ENTRIES);
    expect(metadata.lists).toBe(0);
  });

  it('takes no record for missing that GitHub lists', async () => {
    metadata.missing = 1;
    expect(await read()).toEqual(ENTRIES);
    metadata.missing = 2;
    const reason = 'gcr.io/ns.json exists, and GitHub answers that it does not: run again later';
    await expect(read()).rejects.toMatchObject({ message: reason, kind: 'given-up' });
  });

  it('lists the files once for all records that are missing', async () => {
    const reader = new RecordReader(metadata);
    const names = ['gcr.io/x.json', 'gcr.io/y.json', 'gcr.io/z.json'];
    const records = names.map(async (recordPath) => reader.read({ ...plan, recordPath }));
    expect((await Promise.all(records)).map(({ images }) => images.size)).toEqual([0, 0, 0]);
    expect(metadata.lists).toBe(1);
  });

  it('believes that a record is missing where GitHub does not list all files', async () => {
    metadata.listFiles = async () =>
      Promise.reject(new MetadataError('octo/meta has more files than GitHub lists'));
    expect(await read({ ...plan, recordPath: 'gcr.io/other.json' })).toEqual({});
  });

  it('throws what is wrong with the repository', async () => {
    metadata.problem = new MetadataError("this token can't see it");
    await expect(read({ ...plan, recordPath: 'gcr.io/other.json' })).rejects.toThrow(
      "this token can't see it",
    );
  });
});

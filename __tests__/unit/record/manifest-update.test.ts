import { beforeEach, describe, expect, it } from 'vitest';
import { WriteSession } from '../../../src/github/write-session.ts';
import type { RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { Recordable } from '../../../src/record/recordable.ts';
import { type ManifestOutcome, recordManifest } from '../../../src/record/manifest-update.ts';
import {
  parseNamespaceManifest,
  serializeNamespaceManifest,
} from '../../../src/record/namespace-manifest.ts';
import { testDeps } from '../../support/fixtures/deps.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { plainEntries, recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { MemoryMetadata, gaveUp } from '../../support/github/memory-metadata.ts';

const PATH = 'gcr.io/ns.json';
const NAMES = { source: 'gcr.io/ns', target: 'docker.io/mirror' };

let metadata: MemoryMetadata;
let lines: string[];
beforeEach(() => {
  metadata = new MemoryMetadata();
  lines = [];
});

function setFile(images: RecordedImages): void {
  metadata.files.set(PATH, serializeNamespaceManifest({ ...NAMES, images }));
}

function entriesIn(text: string): unknown {
  return plainEntries(parseNamespaceManifest(Buffer.from(text), { path: PATH, ...NAMES }).images);
}

async function record(
  change: Partial<Recordable>,
  known: RecordedImages = new Map(),
): Promise<ManifestOutcome> {
  const recordable: Recordable = {
    plan: namespacePlan({ recorded: { ...NAMES, images: known } }),
    entries: new Map(),
    result: namespaceResult({ namespace: NAMES.source, copied: [copied('a', { added: ['v1'] })] }),
    ...change,
  };
  const deps = testDeps();
  const outcome = await recordManifest(
    recordable,
    { timezone: 'UTC' },
    { ...deps, metadata },
    new WriteSession('final'),
  );
  lines = deps.lines;
  return outcome;
}

const ADDED = recorded({ a: { v1: digest(1) } });

describe('recordManifest', () => {
  it('adds to what other jobs recorded since the plan', async () => {
    setFile(recorded({ b: { v1: digest(2) } }));
    expect(await record({ entries: ADDED })).toEqual({ kind: 'recorded' });
    expect(entriesIn(metadata.files.get(PATH) ?? '')).toEqual({ a: { v1: digest(1) }, b: { v1: digest(2) } });
    expect(metadata.messages).toEqual(['Mirror gcr.io/ns: 1 added, 0 updated']);
  });

  it('writes nothing where nothing changes', async () => {
    setFile(ADDED);
    expect(await record({ entries: ADDED })).toEqual({ kind: 'recorded' });
    expect(await record({})).toEqual({ kind: 'recorded' });
    expect(metadata.messages).toEqual([]);
  });

  it('writes a file again that was removed during the run, and warns', async () => {
    await record({ entries: ADDED }, recorded({ b: { v1: digest(2) } }));
    expect(entriesIn(metadata.files.get(PATH) ?? '')).toEqual({ a: { v1: digest(1) } });
    expect(lines).toEqual([expect.stringMatching(/^gcr\.io\/ns\.json was removed during this run\. /)]);
  });

  it('returns what could not be written: the whole file, and what this run adds', async () => {
    setFile(recorded({ b: { v1: digest(2) } }));
    metadata.writeRefusal = () => 'the branch is protected';
    const outcome = await record({ entries: ADDED });
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: 'gcr.io/ns: 1 tags are mirrored but not recorded. the branch is protected',
      isTemporary: false,
      unrecorded: { path: PATH },
    });
    if (outcome.kind !== 'failed') return;
    expect(entriesIn(outcome.unrecorded.content)).toEqual({ a: { v1: digest(1) }, b: { v1: digest(2) } });
    expect(entriesIn(outcome.unrecorded.addition)).toEqual({ a: { v1: digest(1) } });
  });

  it('may be tried again after GitHub failed for a while', async () => {
    metadata.writeRefusal = () => gaveUp('GitHub is down');
    expect(await record({ entries: ADDED })).toMatchObject({ kind: 'failed', isTemporary: true });
  });

  it('never overwrites a file that is not a namespace manifest', async () => {
    metadata.files.set(PATH, 'not JSON');
    expect(await record({ entries: ADDED })).toMatchObject({ kind: 'failed', isTemporary: false });
    expect(metadata.files.get(PATH)).toBe('not JSON');
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordDeps } from '../../../src/record/deps.ts';
import type { RecordEntry, RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { serializeNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { type FinalRecordable, record, recordEntries } from '../../../src/record/record.ts';
import type { Recordable } from '../../../src/record/recordable.ts';
import { unloggedOf } from '../../../src/record/unlogged.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { MemoryMetadata, gaveUp } from '../../support/github/memory-metadata.ts';

const SETTINGS = { changelogPath: 'CHANGELOG.md', timezone: 'UTC' };

let metadata: MemoryMetadata;
beforeEach(() => {
  metadata = new MemoryMetadata();
});

function planOf(path: string): NamespacePlan {
  const registry = 'gcr.io';
  const base = namespacePlan();
  return {
    ...base,
    settings: { ...base.settings, namespace: { registry, path } },
    recordPath: `${path}.json`,
    recorded: { source: `${registry}/${path}`, target: 'docker.io/mirror', images: new Map() },
  };
}

/** A namespace whose tag `v1` was added. */
function addedTag(path: string): FinalRecordable {
  const result = namespaceResult({ namespace: `gcr.io/${path}`, copied: [copied('a', { added: ['v1'] })] });
  return {
    plan: planOf(path),
    entries: new Map([['a', new Map([['v1', digest(1)]])]]),
    unlogged: unloggedOf(result.copied),
    named: new Map(),
    log: { result, earlier: new Map() },
    result,
  };
}

let sleeps: number[];
/** Called at each pause between two rounds. */
let onSleep: () => void;
beforeEach(() => {
  sleeps = [];
  onSleep = () => undefined;
});

function deps(): RecordDeps {
  return {
    metadata,
    now: () => new Date(0),
    runKey: 'run',
    sleep: async (ms) => {
      sleeps.push(ms);
      onSleep();
      return Promise.resolve();
    },
    random: () => 1,
    lifetime: { abort: new AbortController().signal, timeLeftMs: () => 7_200_000 },
    jobs: 1,
    logger: silentLogger,
  };
}

const run = async (recordables: readonly FinalRecordable[], settings = SETTINGS): ReturnType<typeof record> =>
  record(recordables, settings, deps());

describe('record', () => {
  it('writes one changelog with all sections, then each namespace manifest', async () => {
    const { failed, errors, unrecorded } = await run([addedTag('one'), addedTag('two')]);
    expect([failed.size, errors, unrecorded]).toEqual([0, [], []]);
    expect(metadata.messages).toEqual([
      'Changelog: Mirror 2 namespaces: 2 added, 0 updated',
      'Mirror gcr.io/one: 1 added, 0 updated',
      'Mirror gcr.io/two: 1 added, 0 updated',
    ]);
    expect(metadata.files.get('CHANGELOG.md')?.match(/^## .*$/gm)).toHaveLength(2);
    expect(metadata.files.get('one.json')).not.toContain('unlogged');
  });

  it('records the other namespaces when one manifest can not be written, and returns what is missing', async () => {
    metadata.writeRefusal = (path) => (path === 'one.json' ? 'one.json is protected' : undefined);
    const [one, two] = [addedTag('one'), addedTag('two')];
    const { failed, errors, unrecorded } = await run([one, two]);
    expect(failed).toEqual(new Set([one]));
    expect(errors).toEqual(['gcr.io/one: 1 tags are mirrored but not recorded. one.json is protected']);
    expect(unrecorded.map(({ path }) => path)).toEqual(['one.json', 'CHANGELOG.md']);
    expect(unrecorded[0]?.content).toContain(`"v1": "${digest(1)}"`);
    expect(unrecorded[1]?.content).toContain('`gcr.io/one`');
    expect(metadata.files.get('CHANGELOG.md')).not.toContain('gcr.io/one');
    expect(metadata.files.get('CHANGELOG.md')).toContain('gcr.io/two');
  });

  it('marks the tags for the next run when the changelog can not be written', async () => {
    metadata.writeRefusal = (path) => (path === 'CHANGELOG.md' ? 'it is too large' : undefined);
    const { failed, errors, unrecorded } = await run([addedTag('one')]);
    expect(failed.size).toBe(0);
    expect(errors).toEqual(['The changelog is not up to date. it is too large']);
    expect(unrecorded.map(({ path }) => path)).toEqual(['CHANGELOG.md']);
    expect(metadata.files.get('one.json')).toContain('"unlogged": {\n    "a": { "added": ["v1"] }\n  }');
  });

  it('repeats what GitHub fails while time is left, with longer pauses', async () => {
    metadata.readRefusal = () => gaveUp('GitHub answered 503');
    onSleep = () => {
      if (sleeps.length === 6) metadata.readRefusal = () => undefined;
    };
    const { errors } = await run([addedTag('one'), addedTag('two')]);
    expect(errors).toEqual([]);
    expect(sleeps.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 15, 15]);
    expect(Array.from(metadata.files.keys())).toEqual(['CHANGELOG.md', 'one.json', 'two.json']);
    expect(metadata.files.get('one.json')).not.toContain('unlogged');
  });

  it('gives up a file that alone fails in six rounds', async () => {
    metadata.writeRefusal = (path) => (path === 'one.json' ? gaveUp('GitHub answered 502') : undefined);
    const one = addedTag('one');
    const { failed } = await run([one, addedTag('two'), addedTag('three')]);
    expect(failed).toEqual(new Set([one]));
    expect(sleeps).toHaveLength(5);
  });

  it('names the tags in a later round when the changelog failed in the first', async () => {
    metadata.writeRefusal = () => gaveUp('GitHub answered 503');
    let writes = 0;
    metadata.writeRefusal = (path) => {
      writes += 1;
      // The changelog and the second manifest fail once.
      return writes === 1 || (path === 'two.json' && writes === 3)
        ? gaveUp('GitHub answered 503')
        : undefined;
    };
    const { errors } = await run([addedTag('one'), addedTag('two')]);
    expect(errors).toEqual([]);
    expect(metadata.files.get('CHANGELOG.md')?.match(/^## .*$/gm)).toHaveLength(2);
    expect(metadata.files.get('one.json')).not.toContain('unlogged');
    expect(metadata.files.get('two.json')).not.toContain('unlogged');
  });

  it('writes nothing for a namespace without changes', async () => {
    const plan = planOf('one');
    const { errors } = await recordEntries(
      [{ plan, entries: new Map(), result: namespaceResult() }],
      SETTINGS,
      deps(),
    );
    expect(errors).toEqual([]);
    expect(metadata.messages).toEqual([]);
  });

  it('removes wrong entries and restores right ones', async () => {
    const plan = planOf('one');
    const before: RecordedImages = new Map<string, Map<string, RecordEntry>>([
      ['a', new Map([['wrong', digest(1)]])],
      ['b', new Map([['announced', null]])],
    ]);
    metadata.files.set('one.json', serializeNamespaceManifest({ ...plan.recorded, images: before }));
    const wrong: Recordable = {
      plan,
      entries: new Map(),
      removed: new Map([['a', new Map([['wrong', digest(1)]])]]),
      restored: new Map([['b', new Map([['announced', digest(2)]])]]),
      result: namespaceResult({ namespace: 'gcr.io/one' }),
    };
    await recordEntries([wrong], SETTINGS, deps());
    expect(metadata.messages).toEqual(['Mirror gcr.io/one: 0 added, 0 updated, 1 removed']);
    const text = metadata.files.get('one.json');
    expect(text).not.toContain('wrong');
    expect(text).toContain(`"announced": "${digest(2)}"`);
  });

  it('keeps no changelog where none is configured, and marks nothing', async () => {
    const { errors } = await record([addedTag('one')], { timezone: 'UTC' }, deps());
    expect(errors).toEqual([]);
    expect(Array.from(metadata.files.keys())).toEqual(['one.json']);
    expect(metadata.files.get('one.json')).not.toContain('unlogged');
  });

  it('uses the commit message of the workflow for every commit', async () => {
    const settings = { ...SETTINGS, commitMessage: 'Mirror images' };
    await run([addedTag('one')], settings);
    expect(metadata.messages).toEqual(['Mirror images', 'Mirror images']);
  });
});

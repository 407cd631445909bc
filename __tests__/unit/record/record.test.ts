import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordEntry, RecordedImages } from '../../../src/mirror/record-entry.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { serializeNamespaceManifest } from '../../../src/record/namespace-manifest.ts';
import { record } from '../../../src/record/record.ts';
import type { Recordable } from '../../../src/record/recordable.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { copied, namespaceResult } from '../../support/fixtures/results.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { MemoryMetadata } from '../../support/github/memory-metadata.ts';

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
function addedTag(path: string): Recordable {
  return {
    plan: planOf(path),
    entries: new Map([['a', new Map([['v1', digest(1)]])]]),
    result: namespaceResult({ namespace: `gcr.io/${path}`, copied: [copied('a', { added: ['v1'] })] }),
  };
}

const run = async (recordables: readonly Recordable[], settings = SETTINGS): ReturnType<typeof record> =>
  record(recordables, settings, { metadata, now: () => new Date(0), runKey: 'run', logger: silentLogger });

describe('record', () => {
  it('writes each namespace manifest, then one changelog with all sections', async () => {
    const recordables = [addedTag('one'), addedTag('two')];
    const { plans, errors, unrecorded } = await run(recordables);
    expect(plans).toEqual(new Set(recordables.map(({ plan }) => plan)));
    expect([errors, unrecorded]).toEqual([[], []]);
    expect(metadata.messages).toEqual([
      'Mirror gcr.io/one: 1 added, 0 updated',
      'Mirror gcr.io/two: 1 added, 0 updated',
      'Changelog: Mirror 2 namespaces: 2 added, 0 updated',
    ]);
    expect(metadata.files.get('CHANGELOG.md')?.match(/^## .*$/gm)).toHaveLength(2);
  });

  it('records the other namespaces when one manifest can not be written, and returns what is missing', async () => {
    metadata.writeRefusal = (path) => (path === 'one.json' ? 'one.json is protected' : undefined);
    const [one, two] = [addedTag('one'), addedTag('two')];
    const { plans, errors, unrecorded } = await run([one, two]);
    expect(plans).toEqual(new Set([two.plan]));
    expect(errors).toEqual(['gcr.io/one: 1 tags are mirrored but not recorded. one.json is protected']);
    expect(unrecorded.map(({ path }) => path)).toEqual(['one.json', 'CHANGELOG.md']);
    expect(unrecorded[0]?.content).toContain(`"v1": "${digest(1)}"`);
    expect(unrecorded[1]?.content).toContain('`gcr.io/one`');
    expect(metadata.files.get('CHANGELOG.md')).not.toContain('gcr.io/one');
  });

  it('counts no namespace as recorded when the changelog can not be written', async () => {
    metadata.writeRefusal = (path) => (path === 'CHANGELOG.md' ? 'it is too large' : undefined);
    const { plans, errors, unrecorded } = await run([addedTag('one')]);
    expect(plans.size).toBe(0);
    expect(errors).toEqual(['The changelog is not up to date. it is too large']);
    expect(unrecorded.map(({ path }) => path)).toEqual(['CHANGELOG.md']);
    expect(metadata.files.has('one.json')).toBe(true);
  });

  it('writes nothing for a namespace without changes', async () => {
    const plan = planOf('one');
    const { plans } = await run([{ plan, entries: new Map(), result: namespaceResult() }]);
    expect(plans).toEqual(new Set([plan]));
    expect(metadata.messages).toEqual([]);
  });

  it('removes wrong entries and restores right ones', async () => {
    const plan = planOf('one');
    const before: RecordedImages = new Map<string, Map<string, RecordEntry>>([
      ['a', new Map([['wrong', digest(1)]])],
      ['b', new Map([['announced', null]])],
    ]);
    metadata.files.set('one.json', serializeNamespaceManifest({ ...plan.recorded, images: before }));
    await run([
      {
        plan,
        entries: new Map(),
        removed: new Map([['a', new Map([['wrong', digest(1)]])]]),
        restored: new Map([['b', new Map([['announced', digest(2)]])]]),
        result: namespaceResult({ namespace: 'gcr.io/one' }),
      },
    ]);
    expect(metadata.messages).toEqual(['Mirror gcr.io/one: 0 added, 0 updated, 1 removed']);
    const text = metadata.files.get('one.json');
    expect(text).not.toContain('wrong');
    expect(text).toContain(`"announced": "${digest(2)}"`);
  });

  it('keeps no changelog where none is configured', async () => {
    const { plans } = await record(
      [addedTag('one')],
      { timezone: 'UTC' },
      { metadata, now: () => new Date(0), runKey: 'run', logger: silentLogger },
    );
    expect(plans.size).toBe(1);
    expect(Array.from(metadata.files.keys())).toEqual(['one.json']);
  });

  it('uses the commit message of the workflow for every commit', async () => {
    const settings = { ...SETTINGS, commitMessage: 'Mirror images' };
    await run([addedTag('one')], settings);
    expect(metadata.messages).toEqual(['Mirror images', 'Mirror images']);
  });
});

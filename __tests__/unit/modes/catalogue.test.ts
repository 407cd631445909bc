import { describe, expect, it } from 'vitest';
import { updateCatalogue } from '../../../src/modes/catalogue.ts';
import { compare } from '../../../src/modes/compare.ts';
import type { Deps } from '../../../src/modes/deps.ts';
import { record } from '../../../src/modes/record.ts';
import { sync } from '../../../src/modes/sync.ts';
import { testDeps } from '../../support/fixtures/deps.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';

const HAS_CATALOGUE = { catalogue: 'docs/', 'dry-run': 'false' };

describe('updateCatalogue', () => {
  const run = async (given: Record<string, string>, overrides: Partial<Deps> = {}): Promise<string[]> => {
    const deps = testDeps();
    expect(
      await updateCatalogue(parseTestInputs({ ...HAS_CATALOGUE, ...given }), { ...deps, ...overrides }),
    ).toEqual([]);
    return Array.from(deps.metadata.files.keys());
  };

  it('writes the catalogue of a single job, and of the job that records for others', async () => {
    expect(await run({})).toContain('docs/index.html');
    expect(await run({ mode: 'record', 'job-total': '3' }, { jobs: 3 })).toContain('docs/index.html');
  });

  it.each([
    ['there is none to write', { catalogue: '' }],
    ['the run is a dry run', { 'dry-run': 'true' }],
    ['the job is one of several shards', { 'shard-total': '4', 'shard-index': '1' }],
    ['the job only reports', { record: 'report' }],
  ])('writes nothing if %s', async (_, given) => {
    expect(await run(given)).toEqual([]);
  });

  it('writes nothing in one job of a matrix', async () => {
    expect(await run({}, { jobs: 2 })).toEqual([]);
  });

  it('leaves it to the next run when this one was cancelled', async () => {
    const { lifetime } = testDeps();
    lifetime.cancel();
    expect(await run({}, { lifetime })).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('has what a run mirrored', async () => {
    await inModeWorld('sync', async ({ push, source, inputs, deps }) => {
      await push('image:v1', source);
      expect((await sync(inputs(HAS_CATALOGUE), deps)).errors).toEqual([]);
      expect(deps.metadata.files.get('docs/catalogue.json')).toContain('["image",[["v1",');
      expect(deps.phases.at(-1)).toBe('Catalogue');
    });
  });

  it('has what compare adopted', async () => {
    await inModeWorld('compare', async ({ push, source, target, inputs, deps }) => {
      await push('image:v1', source, target);
      expect((await compare(inputs(HAS_CATALOGUE), deps)).errors).toEqual([]);
      expect(deps.metadata.files.get('docs/catalogue.json')).toContain('["image",[["v1",');
    });
  });

  it('is updated by mode record without reports', async () => {
    await inModeWorld('record', async ({ setRecord, deps }) => {
      setRecord({ image: { v1: null } });
      const inputs = parseTestInputs({ ...HAS_CATALOGUE, mode: 'record', namespaces: '', target: '' });
      expect((await record(inputs, deps)).errors).toEqual([]);
      expect(deps.metadata.files.get('docs/catalogue.json')).toContain('["image",[["v1"]]]');
    });
  });

  it('fails the run when it could not be written', async () => {
    await inModeWorld('sync', async ({ inputs, deps }) => {
      deps.metadata.files.set('docs/index.html', '<h1>My project</h1>');
      expect((await sync(inputs(HAS_CATALOGUE), deps)).errors).toEqual([
        expect.stringMatching(
          /^The catalogue in docs is not up to date\. docs\/index\.html was not written by this action/,
        ),
      ]);
    });
  });
});

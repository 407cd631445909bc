import { describe, expect, it } from 'vitest';
import { countAll } from '../../../src/mirror/result.ts';
import type { Deps } from '../../../src/modes/deps.ts';
import { plan } from '../../../src/modes/plan.ts';
import { record } from '../../../src/modes/record.ts';
import { sync } from '../../../src/modes/sync.ts';
import { renderJsonReport } from '../../../src/report/json-report.ts';
import type { RunResult } from '../../../src/report/result.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { type ModeWorld, inModeWorld } from '../../support/fixtures/mode-world.ts';

/** Runs mode `record` over these reports. */
async function recordReports(
  world: ModeWorld,
  texts: readonly string[],
  given: Record<string, string> = {},
): Promise<RunResult> {
  const inputs = parseTestInputs({
    mode: 'record',
    reports: 'reports',
    namespaces: '',
    target: '',
    ...given,
  });
  const files = texts.map((text, index) => ({ name: `report-${index}/report.json`, text }));
  const deps: Deps = { ...world.deps, readReports: async () => Promise.resolve(files) };
  return record(inputs, deps);
}

const shard = (index: number): Record<string, string> => ({
  record: 'report',
  'shard-index': String(index),
  'shard-total': '4',
});

describe('record', () => {
  it('records what four jobs reported, with one commit per file', async () => {
    await inModeWorld('sync', async (world) => {
      const names = Array.from({ length: 12 }, (_, index) => `image-${index}:v1`);
      for (const name of names) await world.push(name, world.source);
      const texts: string[] = [];
      for (const index of [0, 1, 2, 3])
        texts.push(renderJsonReport(await sync(world.inputs(shard(index)), world.deps)));
      expect(world.deps.metadata.messages).toEqual([]);
      const result = await recordReports(world, texts);
      expect(result).toMatchObject({ mode: 'record', errors: [] });
      expect(countAll(result.namespaces).added).toBe(12);
      expect(world.deps.metadata.messages).toHaveLength(2);
      expect(Object.keys(world.record())).toHaveLength(12);
      const changelog = world.deps.metadata.files.get('CHANGELOG.md') ?? '';
      expect(changelog.match(/^## /gm)).toHaveLength(1);
      expect(changelog.match(/^- .*: added `v1`$/gm)).toHaveLength(12);
      const again = await sync(world.inputs(), world.deps);
      expect(countAll(again.namespaces)).toMatchObject({ added: 0, unchanged: 12 });
    });
  });

  it('records tags that a plan announced in one commit before the jobs', async () => {
    await inModeWorld('sync', async (world) => {
      const moved = await world.push('a:v1', world.source);
      for (const image of ['a', 'b'])
        await pushImage(world.target.url, `mirror/${image}`, ['v1'], makeImage({ seed: 'old' }));
      await world.push('b:v1', world.source);
      world.setRecord({ a: { v1: digest(1) }, b: { v1: digest(2) } });
      const planned = await plan(world.inputs({ mode: 'plan', record: 'report' }), world.deps);
      expect(planned.errors).toEqual([]);
      expect(world.deps.metadata.messages).toEqual([expect.stringContaining('2 tags to move')]);
      expect(world.record()).toEqual({ a: { v1: null }, b: { v1: null } });
      const done = await sync(world.inputs({ record: 'report' }), world.deps);
      expect(countAll(done.namespaces)).toMatchObject({ updated: 2, failed: 0, pending: 0 });
      await recordReports(world, [renderJsonReport(done)]);
      expect(world.record()).toMatchObject({ a: { v1: moved.digest } });
      expect(world.deps.metadata.files.get(world.recordPath)).not.toContain('unlogged');
      expect(world.deps.metadata.files.get('CHANGELOG.md')).toContain('- `a`: updated `v1`');
    });
  });

  it('leaves a tag that no plan announced to the next run', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      world.setRecord({ a: { v1: digest(1) } });
      const done = await sync(world.inputs({ record: 'report' }), world.deps);
      expect(countAll(done.namespaces)).toMatchObject({ updated: 0, failed: 0, pending: 1 });
      expect(world.target.store.manifest('mirror/a', 'v1')).toBeUndefined();
      expect(world.deps.lines.join('\n')).toContain('1 tag moved, and no plan announced it');
      expect(done.records).toEqual([]);
    });
  });

  it('names a target name that is not the default in the record', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const given = { 'target-name': 'x/{image}', record: 'report' };
      const done = await sync(world.inputs(given), world.deps);
      await recordReports(world, [renderJsonReport(done)]);
      expect(world.deps.metadata.files.get(world.recordPath)).toContain('"a as x/a": {');
      const again = await sync(world.inputs({ 'target-name': 'x/{image}' }), world.deps);
      expect(countAll(again.namespaces)).toMatchObject({ added: 0, unchanged: 1 });
    });
  });

  it('reports a folder without reports as an error', async () => {
    await inModeWorld('sync', async (world) => {
      const { errors } = await recordReports(world, []);
      expect(errors).toEqual([expect.stringMatching(/^The folder reports has no reports/)]);
    });
  });

  it.each<[string, (report: string, world: ModeWorld) => string, RegExp]>([
    ['cut off', (text) => text.slice(0, -20), /JSON/],
    ['of another form', () => '{"version": 1}', /dryRun/],
    ['of another version', (text) => text.replace('"version": 1', '"version": 9'), /version/],
    [
      'with another path',
      (text, { recordPath }) => text.replaceAll(recordPath, '.github/workflows/x.yml'),
      /manifest-path/,
    ],
    ['with a tag that is none', (text) => text.replaceAll('"v1"', '"../v1"'), /added/],
    [
      'with a digest that is none',
      (text) => text.replaceAll(/sha256:[0-9a-f]{60}/g, 'sha256:'),
      /digest|valid/,
    ],
    ['with a name that is none', (text) => text.replaceAll(/"image": "a"/g, '"image": "A b"'), /image/],
    [
      'that names a tag without an entry',
      (text) => text.replace('"added": [', '"added": ["v9",'),
      /no entry for .*a:v9/,
    ],
  ])('uses nothing of a report %s, and all of the others', async (_, spoil, message) => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const text = renderJsonReport(await sync(world.inputs({ record: 'report' }), world.deps));
      const spoilt = await recordReports(world, [spoil(text, world)]);
      expect(spoilt.errors).toEqual([expect.stringMatching(message)]);
      expect(spoilt.errors[0]).toContain('report-0/report.json');
      expect(world.deps.metadata.files.size).toBe(0);
      const mixed = await recordReports(world, [spoil(text, world), text]);
      expect(mixed.errors).toHaveLength(1);
      expect(Object.keys(world.record())).toEqual(['a']);
    });
  });

  it('records nothing in a dry run', async () => {
    await inModeWorld('sync', async (world) => {
      await world.push('a:v1', world.source);
      const text = renderJsonReport(await sync(world.inputs({ record: 'report' }), world.deps));
      const result = await recordReports(world, [text], { 'dry-run': 'true' });
      expect(countAll(result.namespaces).added).toBe(1);
      expect(world.deps.metadata.files.size).toBe(0);
    });
  });
});

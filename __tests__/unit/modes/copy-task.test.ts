import { describe, expect, it } from 'vitest';
import type { Work } from '../../../src/mirror/work.ts';
import { copyTaskOf } from '../../../src/modes/copy-task.ts';
import type { CopyTask } from '../../../src/copy/engine.ts';
import { cosignTags } from '../../../src/oci/digest-tags.ts';
import type { NamespacePlan } from '../../../src/plan/namespace-plan.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { recorded } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';

const WORK: Work = {
  image: 'a',
  repository: 'ns/a',
  descriptor: { digest: digest(1) },
  added: ['v1'],
  updated: ['v2'],
};

function taskOf(work: Partial<Work>, plan: Partial<NamespacePlan> = {}): CopyTask {
  const base = namespacePlan();
  const settings = { ...base.settings, platforms: ['linux/amd64'] };
  const registries = testRegistries();
  return copyTaskOf(
    { ...WORK, ...work },
    { ...base, settings, ...plan },
    { engine: 'registry' },
    { registries },
  );
}

const planWith = (tags: Parameters<typeof recorded>[0]): Partial<NamespacePlan> => ({
  recorded: { source: 'gcr.io/ns', target: 'docker.io/mirror', images: recorded(tags) },
});

describe('copyTaskOf', () => {
  it('copies all tags of the work between the registries of the plan', () => {
    const { source, target, tags, platforms } = taskOf({ image: 'a as renamed' });
    expect([source.client.registry, source.repository, source.digest]).toEqual(['gcr.io', 'ns/a', digest(1)]);
    expect([target.client.registry, target.repository]).toEqual(['docker.io', 'mirror/renamed']);
    expect([tags, platforms]).toEqual([['v1', 'v2'], ['linux/amd64']]);
  });

  it('copies signatures unchanged', () => {
    expect(taskOf({ added: cosignTags(digest(9)), updated: [] }).platforms).toBe('all');
  });

  it('expects an image in the target that another tag is recorded with', () => {
    expect(taskOf({}, planWith({ a: { other: digest(1) } })).present).toBe(true);
    expect(taskOf({}, planWith({ a: { other: digest(2) }, b: { other: digest(1) } })).present).toBe(false);
  });

  it('knows what is mirrored under tags that move, where the target has the same digest', () => {
    const both = { digest: digest(3), target: digest(4) };
    const work = { updated: ['same', 'converted', 'unknown'] };
    const { mirrored } = taskOf(work, planWith({ a: { same: digest(2), converted: both, unknown: null } }));
    expect(mirrored).toEqual(new Map([['same', digest(2)]]));
  });

  it('looks for referrers only where the plan does', () => {
    expect(taskOf({}).referrers).toBeUndefined();
    const image = { repository: 'ns/a', tags: new Map([['v1', null]]) };
    const plan = { referrers: { rechecks: [], listed: new Map([['a', image]]) } };
    const settings = { platforms: 'all', referrers: true } as const;
    const { referrers } = taskOf({ image: 'a as b', settings }, plan);
    expect([referrers?.sourceTags.has('v1'), referrers?.sourceTags.has('v2')]).toEqual([true, false]);
    expect(taskOf({ settings: { ...settings, referrers: false } }, plan).referrers).toBeUndefined();
  });

  it('copies the platforms that an entry of a list names, and otherwise those of the namespace', () => {
    expect(taskOf({ settings: { platforms: ['linux/arm64'], referrers: false } }).platforms).toEqual([
      'linux/arm64',
    ]);
    expect(taskOf({}).platforms).toEqual(['linux/amd64']);
  });
});

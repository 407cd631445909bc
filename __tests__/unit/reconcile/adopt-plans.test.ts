import { describe, expect, it } from 'vitest';
import type { NamespacePlan, Planned } from '../../../src/plan/namespace-plan.ts';
import { adoptInPlans } from '../../../src/reconcile/adopt-plans.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { type TestImage, makeImage, pushImage } from '../../support/fixtures/images.ts';
import { plainEntries } from '../../support/fixtures/listings.ts';
import { namespacePlan } from '../../support/fixtures/plans.ts';
import { source, target, useRegistryPair } from '../../support/fixtures/registry-pair.ts';

useRegistryPair();

const [IMAGE, OTHER] = [makeImage({ seed: 'image' }), makeImage({ seed: 'other' })];

/** A plan whose tags of the image `a` are undetermined, with what the source has under each. */
function planOf(tags: Record<string, TestImage>): NamespacePlan {
  const plan = namespacePlan({
    unchanged: 3,
    undetermined: Object.entries(tags).map(([tag, { digest }]) => ({
      image: 'a as renamed',
      repository: 'ns/a',
      tag,
      descriptor: { digest },
    })),
  });
  const { settings } = plan;
  const namespace = { registry: source.host, path: 'ns' };
  return { ...plan, settings: { ...settings, namespace, target: { registry: target.host, path: 'mirror' } } };
}

async function adoptIn(plan: Planned, signal = new AbortController().signal): Promise<Planned | undefined> {
  const [adopted] = await adoptInPlans([plan], { registries: testRegistries(), concurrency: 4, signal });
  return adopted;
}

describe('adoptInPlans', () => {
  it('sorts undetermined tags into unchanged ones, new ones and those that moved', async () => {
    const plan = planOf({ same: IMAGE, moved: IMAGE, fresh: IMAGE });
    await pushImage(source.url, 'ns/a', ['same', 'moved', 'fresh'], IMAGE);
    await pushImage(target.url, 'mirror/renamed', ['same'], IMAGE);
    await pushImage(target.url, 'mirror/renamed', ['moved'], OTHER);
    const adopted = await adoptIn(plan);
    if (adopted?.kind !== 'plan') throw new Error('There is no plan');
    expect(plainEntries(adopted.adopted)).toEqual({ 'a as renamed': { same: IMAGE.digest } });
    expect(adopted.work).toMatchObject([{ image: 'a as renamed', added: ['fresh'], updated: ['moved'] }]);
    expect([adopted.unchanged, adopted.undetermined]).toEqual([4, []]);
  });

  it('leaves tags undetermined when the run ends', async () => {
    const adopted = await adoptIn(planOf({ same: IMAGE }), AbortSignal.abort());
    expect(adopted).toMatchObject({ undetermined: [{ tag: 'same' }], work: [], unchanged: 3 });
  });

  it('returns a plan without such tags, and a failure, as they are', async () => {
    const plan = planOf({});
    const { settings, name, recordPath } = plan;
    const failure = {
      kind: 'failure',
      settings,
      name,
      recordPath,
      failure: { image: '', tags: [], reason: 'down' },
    } as const;
    expect(await adoptIn(plan)).toBe(plan);
    expect(await adoptIn(failure)).toBe(failure);
    expect(target.requests).toEqual([]);
  });
});

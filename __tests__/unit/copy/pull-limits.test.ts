import { describe, expect, it } from 'vitest';
import type { CopyTask } from '../../../src/copy/engine.ts';
import { PullLimits } from '../../../src/copy/pull-limits.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { RegistryError } from '../../../src/oci/errors.ts';
import { testClient } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';

/** A registry that reports how many pulls are left. */
function limitedTo(remaining: () => number): RegistryClient {
  return Object.defineProperty(testClient('docker.io'), 'pullLimit', {
    get: () => ({ remaining: remaining(), window: 21_600_000 }),
  });
}

function taskFrom(client: RegistryClient, pulls: number): CopyTask {
  return {
    source: { client, repository: 'a', digest: digest(1) },
    target: { client: testClient('quay.io'), repository: 'mirror/a' },
    tags: ['v1'],
    platforms: 'all',
    pulls,
    present: false,
  };
}

const refusalOf = (registry: string, isRateLimit: boolean): RegistryError =>
  new RegistryError({
    method: 'GET',
    url: new URL('https://auth.example/token'),
    registry,
    cause: 'status 429',
    isRateLimit,
    retryAfter: 120_000,
  });

describe('PullLimits', () => {
  it('reserves no more pulls than are left, and waits for running copies', async () => {
    const limits = new PullLimits();
    const client = limitedTo(() => 5);
    const [first, second, third] = [taskFrom(client, 3), taskFrom(client, 2), taskFrom(client, 3)];
    expect(await limits.begin(first)).toBe(true);
    expect(await limits.begin(second)).toBe(true);
    let hasStarted: boolean | undefined;
    const waiting = limits.begin(third).then((isStarted) => (hasStarted = isStarted));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasStarted).toBeUndefined();
    limits.end(second);
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasStarted).toBeUndefined();
    limits.end(first);
    expect(await waiting).toBe(true);
    expect(limits.reasons).toEqual([]);
  });

  it('starts nothing once too few pulls are left and no copy runs, and says why', async () => {
    const limits = new PullLimits();
    const client = limitedTo(() => 2);
    expect(await limits.begin(taskFrom(client, 3))).toBe(false);
    expect(await limits.begin(taskFrom(client, 1))).toBe(false);
    expect(limits.reasons).toEqual([
      expect.stringMatching(/^docker\.io allows 2 more pulls, counted over 6 h 0 min/),
    ]);
  });

  it('starts nothing from or to a registry that refuses requests because of a limit', async () => {
    const limits = new PullLimits();
    const task = taskFrom(testClient('gcr.io'), 1);
    expect(limits.isSpent(refusalOf('quay.io', true), task)).toBe(true);
    expect(limits.reasons).toEqual([expect.stringMatching(/^quay\.io limits .* try again in 2 min$/)]);
    expect(await limits.begin(task)).toBe(false);
  });

  it('takes no other failure for a limit', async () => {
    const limits = new PullLimits();
    const task = taskFrom(testClient('gcr.io'), 1);
    expect(limits.isSpent(refusalOf('quay.io', false), task)).toBe(false);
    expect(limits.isSpent(new Error('429'), task)).toBe(false);
    expect(await limits.begin(task)).toBe(true);
  });

  it('reserves pulls once for tasks that share what they read', async () => {
    const limits = new PullLimits();
    const client = limitedTo(() => 5);
    const tasks = [1, 2, 3].map(() => ({ ...taskFrom(client, 4), readers: 3 }));
    expect(await Promise.all(tasks.map(async (task) => limits.begin(task)))).toEqual([true, true, true]);
    const other = limits.begin({ ...taskFrom(client, 4), readers: 1 });
    let isOtherStarted = false;
    void other.then(() => (isOtherStarted = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isOtherStarted).toBe(false);
    // The first that ends has read everything.
    for (const task of tasks.slice(1)) limits.end(task);
    expect(await other).toBe(true);
    // A task that comes later reads for itself, and is refused when too few pulls are left.
    const late = limits.begin({ ...taskFrom(client, 6), readers: 3 });
    for (const task of tasks) limits.end(task);
    expect([await Promise.race([late, Promise.resolve('waits')]), limits.reasons]).toEqual(['waits', []]);
  });

  it('starts no task of a group when its source has no pulls left', async () => {
    const limits = new PullLimits();
    const client = limitedTo(() => 3);
    const tasks = [1, 2].map(() => ({ ...taskFrom(client, 4), readers: 2 }));
    expect(await Promise.all(tasks.map(async (task) => limits.begin(task)))).toEqual([false, false]);
    expect(limits.reasons).toHaveLength(1);
  });
});

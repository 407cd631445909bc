import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyTask, Engine, VerifiedTag } from '../../../src/copy/engine.ts';
import { type Outcome, copyAll } from '../../../src/copy/pool.ts';
import { PullLimits } from '../../../src/copy/pull-limits.ts';
import { CopyError } from '../../../src/mirror/copy-error.ts';
import type { Lifetime } from '../../../src/mirror/lifetime.ts';
import { fetchManifest } from '../../../src/mirror/source-image.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { RegistryError } from '../../../src/oci/errors.ts';
import { testClient, testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage } from '../../support/fixtures/images.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';
import { waitUntil } from '../../support/run/process.ts';

const client = testClient('127.0.0.1:1');

function works(count: number, tags = ['v1']): Work[] {
  return Array.from({ length: count }, (_, number) => ({
    image: `image-${number}`,
    repository: `ns/image-${number}`,
    descriptor: { digest: digest(number) },
    added: tags,
    updated: [],
  }));
}

interface Given {
  readonly concurrency?: number;
  readonly retries?: number;
  readonly lifetime?: Lifetime;
  readonly from?: RegistryClient;
  readonly limit?: LimitFunction;
}

async function copy(
  items: Work[],
  engine: Engine['copy'],
  {
    concurrency = 3,
    retries = 2,
    lifetime = endless().lifetime,
    from = client,
    limit = pLimit(concurrency),
  }: Given = {},
): Promise<{ outcomes: Outcome[]; waits: number; reasons: string[] }> {
  let waits = 0;
  const outcomes: Outcome[] = [];
  const pullLimits = new PullLimits();
  await copyAll(items, {
    engine: { width: concurrency, copy: engine, close: async () => {} },
    limit,
    retries,
    task: ({ repository, descriptor, added, updated }): CopyTask => ({
      source: { client: from, repository, digest: descriptor.digest },
      target: { client, repository },
      tags: [...added, ...updated],
      platforms: 'all',
      pulls: 2,
      present: false,
      beforeOverwrite: async () => {},
    }),
    onDone: (outcome) => void outcomes.push(outcome),
    lifetime,
    pullLimits,
    sleep: async () => void (waits += 1),
    random: () => 0.5,
    logger: silentLogger,
  });
  return { outcomes, waits, reasons: pullLimits.reasons };
}

/** A lifetime that ends when the test says so. */
function endless(): { lifetime: Lifetime; drain: AbortController; abort: AbortController } {
  const [drain, abort] = [new AbortController(), new AbortController()];
  const { signal: cutoff } = new AbortController();
  const lifetime = { drain: drain.signal, abort: abort.signal, cutoff, timeLeftMs: () => 60_000, stopReason: () => undefined };
  return { lifetime, drain, abort };
}

const held: VerifiedTag = { digest: digest(1) };

describe('copyAll', () => {
  it('copies no more images at a time than it may', async () => {
    let [active, most] = [0, 0];
    await copy(works(10), async (task, tell) => {
      most = Math.max(most, (active += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      active -= 1;
      for (const tag of task.tags) tell(tag, held);
      return 1;
    });
    expect(most).toBe(3);
  });

  it('goes on after an image that failed for good, and does not try it again', async () => {
    const tried: string[] = [];
    const { outcomes, waits } = await copy(works(3), async ({ source, tags }, tell) => {
      tried.push(source.repository);
      if (source.repository.endsWith('1')) throw new CopyError('manifest unknown', { retryable: false });
      for (const tag of tags) tell(tag, held);
      return 7;
    });
    expect(outcomes.map(({ verifiedTags, error }) => [verifiedTags.size, error])).toEqual([
      [1, undefined],
      [0, 'manifest unknown'],
      [1, undefined],
    ]);
    expect([tried.length, waits]).toEqual([3, 0]);
  });

  it('tries again only the tags that are missing, and keeps those that are there', async () => {
    const tried: (readonly string[])[] = [];
    const { outcomes, waits } = await copy(works(1, ['a', 'b']), async ({ tags }, tell) => {
      tried.push(tags);
      const [first = ''] = tags;
      tell(first, held);
      if (tags.length > 1) throw new CopyError('connection reset', { retryable: true });
      return 5;
    });
    expect(tried).toEqual([['a', 'b'], ['b']]);
    expect(outcomes[0]?.verifiedTags.size).toBe(2);
    expect(outcomes[0]?.error).toBeUndefined();
    expect(waits).toBe(1);
  });

  it('gives up after its retries, with the reason', async () => {
    let tries = 0;
    const { outcomes } = await copy(works(1), async () => {
      tries += 1;
      throw new CopyError('timeout', { retryable: true });
    });
    expect([tries, outcomes[0]?.error, outcomes[0]?.verifiedTags.size]).toEqual([3, 'timeout', 0]);
  });

  it('gives up sooner what is ambiguous', async () => {
    let tries = 0;
    const { outcomes } = await copy(
      works(1),
      async () => {
        tries += 1;
        throw new CopyError('unauthorized', { retryable: false, ambiguous: true });
      },
      { retries: 10 },
    );
    expect([tries, outcomes[0]?.error]).toEqual([4, 'unauthorized']);
  });

  it('starts nothing after the time limit, and lets end what is under way', async () => {
    const { lifetime, drain } = endless();
    const started: string[] = [];
    const { outcomes } = await copy(
      works(10),
      async ({ source, tags }, tell) => {
        started.push(source.repository);
        if (started.length === 3) drain.abort();
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const tag of tags) tell(tag, held);
        return 1;
      },
      { lifetime },
    );
    expect(started).toHaveLength(3);
    expect(outcomes.map(({ verifiedTags, error }) => [verifiedTags.size, error])).toEqual(
      [1, 1, 1].map((size) => [size, undefined]),
    );
  });

  it('takes what a cancelled copy had done for done, and the rest for left to the next run', async () => {
    const { lifetime, drain, abort } = endless();
    const { outcomes, waits } = await copy(
      works(5, ['a', 'b']),
      async ({ tags: [first = ''] }, tell) => {
        tell(first, held);
        drain.abort();
        abort.abort();
        throw new CopyError('aborted', { retryable: true });
      },
      { lifetime, concurrency: 1 },
    );
    expect(outcomes.map(({ verifiedTags, error }) => [Array.from(verifiedTags.keys()), error])).toEqual([
      [['a'], undefined],
    ]);
    expect(waits).toBe(0);
  });

  it('counts what refers to an image over all tries, and marks what was broken off', async () => {
    const { lifetime, drain, abort } = endless();
    let tries = 0;
    const { outcomes } = await copy(
      works(1, []),
      async (_, __, referred) => {
        referred?.(2);
        if ((tries += 1) === 1) throw new CopyError('connection reset', { retryable: true });
        drain.abort();
        abort.abort();
        throw new CopyError('aborted', { retryable: true });
      },
      { lifetime },
    );
    expect(outcomes).toMatchObject([{ referrers: 4, isPending: true }]);
    expect(outcomes[0]?.error).toBeUndefined();
    const { outcomes: whole } = await copy(works(1), async (_, __, referred) => {
      referred?.(3);
      return 1;
    });
    expect(whole[0]).toMatchObject({ referrers: 3, bytes: 1 });
    expect(whole[0]?.isPending).toBeUndefined();
  });

  it('starts no image for which a registry has no pulls left, and says when it has', async () => {
    let remaining = 20;
    const limited = Object.defineProperty(testClient('docker.io'), 'pullLimit', {
      get: () => ({ remaining, window: 21_600_000 }),
    });
    const { outcomes, reasons } = await copy(
      works(30),
      async ({ tags }, tell) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        remaining -= 2;
        for (const tag of tags) tell(tag, held);
        return 1;
      },
      { from: limited },
    );
    expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
    expect(remaining).toBeGreaterThanOrEqual(0);
    expect(outcomes.length).toBeGreaterThan(5);
    expect(outcomes.length).toBeLessThanOrEqual(10);
    expect(reasons).toEqual([
      expect.stringMatching(/^docker.io allows \d more pulls.*over 6 h 0 min.*next run goes on/),
    ]);
  });

  it('goes on as long as images take fewer pulls than they might', async () => {
    let remaining = 20;
    const limited = Object.defineProperty(testClient('docker.io'), 'pullLimit', {
      get: () => ({ remaining }),
    });
    const { outcomes, reasons } = await copy(
      works(30),
      async () => {
        remaining -= 1;
        await new Promise((resolve) => setTimeout(resolve, 1));
        return 1;
      },
      { from: limited, concurrency: 10 },
    );
    expect([outcomes.length, remaining]).toEqual([19, 1]);
    expect(reasons).toEqual([
      expect.stringMatching(/^docker.io allows 1 more pulls.*The next run goes on; /),
    ]);
  });

  it('leaves to the next run what a registry refuses for having been asked too much', async () => {
    const refusal = new RegistryError({
      method: 'GET',
      url: new URL('http://127.0.0.1:1/v2/ns/image/manifests/x'),
      cause: 'status 429, TOOMANYREQUESTS',
      status: 429,
      retryable: true,
      retryAfter: 3_600_000,
    });
    let tries = 0;
    const { outcomes, reasons } = await copy(
      works(10),
      async () => {
        tries += 1;
        throw refusal;
      },
      { concurrency: 1 },
    );
    expect(tries).toBe(1);
    expect(outcomes).toMatchObject([{ bytes: 0 }]);
    expect(outcomes[0]?.error).toBeUndefined();
    expect(reasons).toEqual([expect.stringMatching(/asked too much.*come back in 60 min|1 h/)]);
  });

  it('counts what a token service refuses for its registry, and goes on with the others', async () => {
    const refusal = new RegistryError({
      method: 'GET',
      url: new URL('https://auth.example/token'),
      registry: '127.0.0.1:1',
      cause: 'status 429',
      status: 429,
      retryable: true,
      retryAfter: 3_600_000,
    });
    const { outcomes, reasons } = await copy(
      works(2),
      async () => {
        throw refusal;
      },
      { concurrency: 1, from: testClient('127.0.0.1:2') },
    );
    expect(outcomes).toHaveLength(1);
    expect(reasons).toEqual([expect.stringMatching(/^127.0.0.1:1 has been asked too much/)]);
  });
});

describe('a digest that the source does not have', () => {
  let source: MemoryRegistry;
  const [first, second] = [makeImage({ seed: 'first' }), makeImage({ seed: 'second' })];
  beforeEach(async () => {
    source = await startMemoryRegistry();
    source.store.putManifest('ns/image-0', 'v1', first.mediaType, first.bytes);
    source.store.putManifest('ns/image-0', 'v2', second.mediaType, second.bytes);
    source.store.putManifest('ns/image-0', 'v3', second.mediaType, second.bytes);
    return async () => source.close();
  });

  async function copyFrom(tags: string[]): Promise<Outcome[]> {
    const from = testClient(source.host);
    const [work] = works(1, tags);
    if (!work) throw new Error('no work');
    const { outcomes } = await copy(
      [{ ...work, added: tags.slice(1), updated: tags.slice(0, 1) }],
      async (task, tell) => {
        const { digest } = await fetchManifest(from, task.source.repository, task.source.digest);
        for (const tag of task.tags) tell(tag, { digest });
        return 1;
      },
      { from },
    );
    return outcomes;
  }

  it('is asked for again by its tags, and each is copied as it is now', async () => {
    const outcomes = await copyFrom(['v1', 'v2', 'v3']);
    const told = outcomes.map(({ work, verifiedTags, error }) => ({
      digest: work.descriptor.digest,
      tags: [work.updated, work.added],
      held: Array.from(verifiedTags.values(), ({ digest }) => digest),
      error,
    }));
    expect(told.filter(({ tags }) => tags.flat().length > 0)).toEqual([
      {
        digest: second.digest,
        tags: [[], ['v2', 'v3']],
        held: [second.digest, second.digest],
        error: undefined,
      },
      { digest: first.digest, tags: [['v1'], []], held: [first.digest], error: undefined },
    ]);
  });

  it('is an error of the tags that are gone, and of no other', async () => {
    const outcomes = await copyFrom(['v1', 'v9']);
    expect(
      outcomes.map(({ work, verifiedTags, error }) => [
        [...work.updated, ...work.added],
        verifiedTags.size,
        error,
      ]),
    ).toEqual([
      [['v9'], 0, expect.stringContaining('was listed but is not there any more')],
      [['v1'], 1, undefined],
    ]);
  });
});

describe('a registry that has asked to wait', () => {
  it('leaves the places to the images of others', async () => {
    const busy = await startMemoryRegistry();
    let refused = 0;
    busy.intercept = (_, response) => {
      refused += 1;
      if (refused === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      return refused === 1;
    };
    const waiting = testRegistries({ sleep: async (ms) => delay(ms) }).source(busy.host);
    const asking = waiting.headManifest('ns/a', 'v1');
    await waitUntil(async () => refused > 0, 'Nothing was asked');
    // Its answer is on its way.
    await delay(50);
    const order: string[] = [];
    const limit = pLimit(2);
    const copyFrom = async (from: RegistryClient): Promise<unknown> =>
      copy(works(5), async ({ source }) => order.push(source.client.registry), { from, limit });
    await Promise.all([copyFrom(waiting), copyFrom(client), asking]);
    expect(order).toEqual([...Array<string>(5).fill(client.registry), ...Array<string>(5).fill(busy.host)]);
    await busy.close();
  });
});

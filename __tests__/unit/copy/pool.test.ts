import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CopyTask, Engine, VerifiedTag } from '../../../src/copy/engine.ts';
import { type Outcome, copyAll } from '../../../src/copy/pool.ts';
import { PullLimits } from '../../../src/copy/pull-limits.ts';
import { CopyError, MissingAtSourceError } from '../../../src/mirror/copy-error.ts';
import type { Lifetime } from '../../../src/mirror/lifetime.ts';
import type { Work } from '../../../src/mirror/work.ts';
import type { RegistryClient } from '../../../src/oci/client.ts';
import { RegistryError } from '../../../src/oci/errors.ts';
import { testClient, testRegistries } from '../../support/fixtures/clients.ts';
import type { Sleep } from '../../../src/oci/sleep.ts';
import { noteMount } from '../../../src/oci/work-counter.ts';
import { digest } from '../../support/fixtures/digests.ts';
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
}

async function copy(
  items: Work[],
  engine: Engine['copy'],
  { from = client, ...given }: Given = {},
): Promise<Result> {
  return copyFrom(
    items.map((work) => ({ work, from })),
    engine,
    given,
  );
}

interface Result {
  readonly outcomes: Outcome[];
  readonly waits: number;
  readonly reasons: string[];
}

async function copyFrom(
  items: readonly { readonly work: Work; readonly from: RegistryClient }[],
  engine: Engine['copy'],
  { concurrency = 3, retries = 2, lifetime = endless().lifetime }: Given = {},
): Promise<Result> {
  let waits = 0;
  const outcomes: Outcome[] = [];
  const pullLimits = new PullLimits();
  const taskOf = ({ repository, descriptor, added, updated }: Work, from: RegistryClient): CopyTask => ({
    source: { client: from, repository, digest: descriptor.digest },
    target: { client, repository },
    tags: [...added, ...updated],
    platforms: 'all',
    pulls: 2,
    present: false,
  });
  await copyAll(
    items.map(({ work, from }) => ({
      work,
      task: taskOf(work, from),
      beforeOverwrite: async () => {},
      onDone: (outcome) => void outcomes.push(outcome),
    })),
    {
      engine: { width: concurrency, copy: engine, close: async () => {} },
      retries,
      lifetime,
      pullLimits,
      sleep: async () => void (waits += 1),
      random: () => 0.5,
      logger: silentLogger,
    },
  );
  return { outcomes, waits, reasons: pullLimits.reasons };
}

/** A lifetime that only the test ends. */
function endless(): { lifetime: Lifetime; drain: AbortController; abort: AbortController } {
  const [drain, abort] = [new AbortController(), new AbortController()];
  const { signal: cutoff } = new AbortController();
  const lifetime = {
    drain: drain.signal,
    abort: abort.signal,
    cutoff,
    timeLeftMs: () => 60_000,
    stopReason: () => undefined,
  };
  return { lifetime, drain, abort };
}

const held: VerifiedTag = { digest: digest(1) };

describe('copyAll', () => {
  it('copies at most N images at once', async () => {
    let [active, most] = [0, 0];
    await copy(works(10), async (task, observer) => {
      most = Math.max(most, (active += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      active -= 1;
      for (const tag of task.tags) observer.onTagVerified(tag, held);
      return 1;
    });
    expect(most).toBe(3);
  });

  it('reports how long an image took, its platforms, and the blobs that were mounted for it', async () => {
    const { outcomes } = await copy(works(2), async ({ source, tags }, observer) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      observer.onPlatformCount?.(2);
      if (source.repository.endsWith('1')) noteMount();
      for (const tag of tags) observer.onTagVerified(tag, held);
      return 7;
    });
    expect(outcomes).toMatchObject([
      { platforms: 2, mounts: 0 },
      { platforms: 2, mounts: 1 },
    ]);
    for (const { durationMs } of outcomes) expect(durationMs).toBeGreaterThan(15);
  });

  it('continues after an image that failed permanently, without a retry', async () => {
    const tried: string[] = [];
    const { outcomes, waits } = await copy(works(3), async ({ source, tags }, observer) => {
      tried.push(source.repository);
      if (source.repository.endsWith('1')) throw new CopyError('manifest unknown', { retryable: false });
      for (const tag of tags) observer.onTagVerified(tag, held);
      return 7;
    });
    expect(outcomes.map(({ verifiedTags, error }) => [verifiedTags.size, error])).toEqual([
      [1, undefined],
      [0, 'manifest unknown'],
      [1, undefined],
    ]);
    expect([tried.length, waits]).toEqual([3, 0]);
  });

  it('retries only the tags that are missing, and keeps those that were verified', async () => {
    const tried: (readonly string[])[] = [];
    const { outcomes, waits } = await copy(works(1, ['a', 'b']), async ({ tags }, observer) => {
      tried.push(tags);
      const [first = ''] = tags;
      observer.onTagVerified(first, held);
      if (tags.length > 1) throw new CopyError('connection reset', { retryable: true });
      return 5;
    });
    expect(tried).toEqual([['a', 'b'], ['b']]);
    expect(outcomes[0]?.verifiedTags.size).toBe(2);
    expect(outcomes[0]?.error).toBeUndefined();
    expect(waits).toBe(1);
  });

  it('gives up after its retries and reports the error', async () => {
    let tries = 0;
    const { outcomes } = await copy(works(1), async () => {
      tries += 1;
      throw new CopyError('timeout', { retryable: true });
    });
    expect([tries, outcomes[0]?.error, outcomes[0]?.verifiedTags.size]).toEqual([3, 'timeout', 0]);
  });

  it('retries an ambiguous error fewer times', async () => {
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

  it('starts nothing after the time limit, and finishes what is running', async () => {
    const { lifetime, drain } = endless();
    const started: string[] = [];
    const { outcomes } = await copy(
      works(10),
      async ({ source, tags }, observer) => {
        started.push(source.repository);
        if (started.length === 3) drain.abort();
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const tag of tags) observer.onTagVerified(tag, held);
        return 1;
      },
      { lifetime },
    );
    expect(started).toHaveLength(3);
    expect(outcomes.map(({ verifiedTags, error }) => [verifiedTags.size, error])).toEqual(
      [1, 1, 1].map((size) => [size, undefined]),
    );
  });

  it('keeps what a cancelled copy had finished, and leaves the rest to the next run', async () => {
    const { lifetime, drain, abort } = endless();
    const { outcomes, waits } = await copy(
      works(5, ['a', 'b']),
      async ({ tags: [first = ''] }, observer) => {
        observer.onTagVerified(first, held);
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

  it('counts the referrers of all attempts, and marks an interrupted copy as pending', async () => {
    const { lifetime, drain, abort } = endless();
    let tries = 0;
    const { outcomes } = await copy(
      works(1, []),
      async (_, observer) => {
        observer.onReferrersCopied(2);
        if ((tries += 1) === 1) throw new CopyError('connection reset', { retryable: true });
        drain.abort();
        abort.abort();
        throw new CopyError('aborted', { retryable: true });
      },
      { lifetime },
    );
    expect(outcomes).toMatchObject([{ referrers: 4, isPending: true }]);
    expect(outcomes[0]?.error).toBeUndefined();
    const { outcomes: whole } = await copy(works(1), async (_, observer) => {
      observer.onReferrersCopied(3);
      return 1;
    });
    expect(whole[0]).toMatchObject({ referrers: 3, bytes: 1 });
    expect(whole[0]?.isPending).toBeUndefined();
  });

  it('starts no image for which a registry has no pulls left, and says when it will', async () => {
    let remaining = 20;
    const limited = Object.defineProperty(testClient('docker.io'), 'pullLimit', {
      get: () => ({ remaining, window: 21_600_000 }),
    });
    const { outcomes, reasons } = await copy(
      works(30),
      async ({ tags }, observer) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        remaining -= 2;
        for (const tag of tags) observer.onTagVerified(tag, held);
        return 1;
      },
      { from: limited },
    );
    expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
    expect(remaining).toBeGreaterThanOrEqual(0);
    expect(outcomes.length).toBeGreaterThan(5);
    expect(outcomes.length).toBeLessThanOrEqual(10);
    expect(reasons).toEqual([
      expect.stringMatching(/^docker.io allows \d more pulls.*over 6 h 0 min.*next run continues/),
    ]);
  });

  it('continues while images take fewer pulls than they reserved', async () => {
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
      expect.stringMatching(/^docker.io allows 1 more pulls.*The next run continues\. /),
    ]);
  });

  it('leaves images to the next run when a registry limits requests', async () => {
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
    expect(reasons).toEqual([
      expect.stringMatching(/limits the number of requests.*try again in (?:60 min|1 h)/),
    ]);
  });

  it('treats the limit of a token service as the one of its registry, and continues with other registries', async () => {
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
    expect(reasons).toEqual([expect.stringMatching(/^127.0.0.1:1 limits the number of requests/)]);
  });
});

it('marks an outcome whose digest the source does not have', async () => {
  const { outcomes } = await copy(works(2), async ({ source }) => {
    if (source.repository.endsWith('1')) throw new CopyError('denied', { retryable: false });
    throw new MissingAtSourceError('not there');
  });
  expect(outcomes).toMatchObject([
    { error: 'not there', isMissingAtSource: true },
    { error: 'denied', isMissingAtSource: false },
  ]);
});

describe('a registry that asked to wait', () => {
  /** A registry that has asked to wait for so many seconds, and the request that it refused. */
  async function startBusy(
    seconds: string,
    retries = 3,
  ): Promise<{ busy: MemoryRegistry; waiting: RegistryClient; asking: Promise<unknown> }> {
    const busy = await startMemoryRegistry();
    let refused = 0;
    busy.intercept = (_, response) => {
      refused += 1;
      if (refused === 1) response.writeHead(429, { 'retry-after': seconds }).end();
      return refused === 1;
    };
    const sleep: Sleep = async (ms, signal) => delay(ms, undefined, { signal });
    const waiting = testRegistries({ sleep, retries }).source(busy.host);
    const asking = waiting.headManifest('ns/a', 'v1').catch(() => undefined);
    await waitUntil(async () => refused > 0, 'No request was sent');
    // Its answer must arrive.
    await delay(50);
    return { busy, waiting, asking };
  }

  it('does not hold up images of other registries', async () => {
    const { busy, waiting, asking } = await startBusy('1');
    const order: string[] = [];
    const items = [waiting, client].flatMap((from) => works(5).map((work) => ({ work, from })));
    const copying = copyFrom(items, async ({ source }) => order.push(source.client.registry), {
      concurrency: 2,
    });
    await Promise.all([copying, asking]);
    expect(order).toEqual([...Array<string>(5).fill(client.registry), ...Array<string>(5).fill(busy.host)]);
    await busy.close();
  });

  it('does not hold up the end of a run whose time limit is reached', async () => {
    const { busy, waiting } = await startBusy('600', 0);
    const { lifetime, drain } = endless();
    const copying = copy(works(2), async () => 1, { from: waiting, lifetime });
    await delay(10);
    drain.abort();
    expect((await copying).outcomes).toEqual([]);
    await busy.close();
  });
});

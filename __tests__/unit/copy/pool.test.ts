import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { CopyError, type CopyTask, type Engine, type Held } from '../../../src/copy/engine.ts';
import { type Outcome, copyAll } from '../../../src/copy/pool.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import type { Work } from '../../../src/plan/diff.ts';
import { testClient } from '../../support/clients.ts';
import { digest } from '../../support/digests.ts';

const client = testClient('127.0.0.1:1');

function works(count: number, tags = ['v1']): Work[] {
  return Array.from({ length: count }, (_, number) => ({
    image: `image-${number}`,
    repository: `ns/image-${number}`,
    manifest: { digest: digest(number) },
    added: tags,
    updated: [],
  }));
}

async function copy(
  items: Work[],
  engine: Engine['copy'],
  { concurrency = 3, retries = 2 } = {},
): Promise<{ outcomes: Outcome[]; waits: number }> {
  let waits = 0;
  const outcomes = await copyAll(items, {
    engine: { width: concurrency, copy: engine, close: async () => {} },
    limit: pLimit(concurrency),
    retries,
    task: ({ repository, manifest, added }): CopyTask => ({
      source: { client, repository, digest: manifest.digest },
      target: { client, repository },
      tags: added,
      platforms: 'all',
      present: false,
    }),
    onDone: () => {},
    sleep: async () => void (waits += 1),
    random: () => 0.5,
    logger: silentLogger,
  });
  return { outcomes, waits };
}

const held: Held = { digest: digest(1) };

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
    expect(outcomes.map(({ held, error }) => [held.size, error])).toEqual([
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
    expect(outcomes[0]?.held.size).toBe(2);
    expect(outcomes[0]?.error).toBeUndefined();
    expect(waits).toBe(1);
  });

  it('gives up after its retries, with the reason', async () => {
    let tries = 0;
    const { outcomes } = await copy(works(1), async () => {
      tries += 1;
      throw new CopyError('timeout', { retryable: true });
    });
    expect([tries, outcomes[0]?.error, outcomes[0]?.held.size]).toEqual([3, 'timeout', 0]);
  });
});

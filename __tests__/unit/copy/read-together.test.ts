import { describe, expect, it } from 'vitest';
import type { CopyTask } from '../../../src/copy/engine.ts';
import { Patience } from '../../../src/copy/patience.ts';
import { feedsOf, readTogether, readingKey } from '../../../src/copy/read-together.ts';
import { testRegistries } from '../../support/fixtures/clients.ts';
import { digest } from '../../support/fixtures/digests.ts';

const registries = testRegistries();

function item(what: number, to: string, from = 'gcr.io'): { task: CopyTask; name: string } {
  return {
    name: `${what} ${to}`,
    task: {
      source: { client: registries.source(from), repository: 'a', digest: digest(what) },
      target: { client: registries.target(to), repository: 'b' },
      tags: ['v1'],
      platforms: 'all',
      pulls: 1,
      present: false,
    },
  };
}

describe('readTogether', () => {
  it('puts the items that read the same digest next to each other, where the first of them is', () => {
    const items = [
      item(1, 'quay.io'),
      item(2, 'quay.io'),
      item(3, 'docker.io'),
      item(2, 'docker.io'),
      item(1, 'docker.io'),
    ];
    const grouped = readTogether(items, new Patience());
    expect(
      grouped.map(({ item: { name, task }, member }) => [name, task.readers, member?.target.registry]),
    ).toEqual([
      ['1 quay.io', 2, 'quay.io'],
      ['1 docker.io', 2, 'docker.io'],
      ['2 quay.io', 2, 'quay.io'],
      ['2 docker.io', 2, 'docker.io'],
      ['3 docker.io', undefined, undefined],
    ]);
    expect(feedsOf(grouped).map((feed) => feed.map((one) => one.item.name))).toEqual([
      ['1 quay.io', '2 quay.io'],
      ['1 docker.io', '2 docker.io', '3 docker.io'],
    ]);
  });

  it('tells sources apart', () => {
    const items = [item(1, 'quay.io'), item(1, 'quay.io', 'ghcr.io')];
    const grouped = readTogether(items, new Patience());
    expect(grouped.map(({ member }) => member)).toEqual([undefined, undefined]);
    expect(feedsOf(grouped)).toHaveLength(2);
    expect(readingKey(item(1, 'quay.io').task)).toBe(`gcr.io/a@${digest(1)}`);
  });
});

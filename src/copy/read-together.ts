import type { RegistryClient } from '../oci/client.ts';
import type { CopyTask } from './engine.ts';
import { type Member, Meetings } from './meetings.ts';
import type { Patience } from './patience.ts';

/** What a task reads: tasks with the same key share it. */
export function readingKey({ source: { client, repository, digest } }: Pick<CopyTask, 'source'>): string {
  return `${client.registry}/${repository}@${digest}`;
}

/** An item of the pool, and its part in the group of those that read the same digest, if there are others. */
export interface Grouped<Item> {
  readonly item: Item;
  readonly member?: Member<RegistryClient>;
}

/** What is copied from one source registry to one target registry, in this order. */
export type Feed<Item> = readonly [Grouped<Item>, ...Grouped<Item>[]];

/**
 * Groups `items` that read the same digest, and puts each group where its first item is. Each target takes the groups in this one
 * order. So a copy never waits for one that another target takes later because of a copy that waits in turn, and the group that comes
 * first can always go on.
 */
export function readTogether<Item extends { readonly task: CopyTask }>(
  items: readonly Item[],
  patience: Patience<RegistryClient>,
): Grouped<Item>[] {
  const groups = Map.groupBy(items, ({ task }) => readingKey(task));
  const meetings = new Meetings(patience);
  return Array.from(groups).flatMap(([key, group]) =>
    group.map((item) => {
      const { length: readers } = group;
      if (readers === 1) return { item };
      const task = { ...item.task, readers };
      return { item: { ...item, task }, member: meetings.join(key, task.target.client) };
    }),
  );
}

/** `items` by source and target registry. Their order is kept. */
export function feedsOf<Item extends { readonly task: CopyTask }>(
  items: readonly Grouped<Item>[],
): Feed<Item>[] {
  const feeds = new Map<RegistryClient, Map<RegistryClient, [Grouped<Item>, ...Grouped<Item>[]]>>();
  for (const one of items) {
    const { source, target } = one.item.task;
    const bySource =
      feeds.get(target.client) ?? new Map<RegistryClient, [Grouped<Item>, ...Grouped<Item>[]]>();
    feeds.set(target.client, bySource);
    const feed = bySource.get(source.client);
    if (feed) feed.push(one);
    else bySource.set(source.client, [one]);
  }
  return Array.from(feeds.values()).flatMap((bySource) => Array.from(bySource.values()));
}

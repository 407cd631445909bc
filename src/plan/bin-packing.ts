/** An item with an amount of work. */
export interface Weighted {
  readonly weight: number;
}

/**
 * Packs `items`, which are sorted heaviest first, into bins of `capacity`, each into the first bin that has room. An item
 * that is heavier than `capacity` gets a bin of its own. https://en.wikipedia.org/wiki/First-fit-decreasing_bin_packing
 */
export function packBins<T extends Weighted>(items: readonly T[], capacity: number): T[][] {
  const bins: { items: T[]; free: number }[] = [];
  for (const item of items) {
    const bin = bins.find(({ free }) => free >= item.weight);
    if (bin) {
      bin.items.push(item);
      bin.free -= item.weight;
    } else {
      bins.push({ items: [item], free: capacity - item.weight });
    }
  }
  return bins.map(({ items }) => items);
}

/** A range of consecutive numbers, and the items with these numbers. */
export interface Range<T> {
  readonly first: number;
  readonly last: number;
  readonly items: readonly T[];
}

/**
 * Cuts the numbers from 0 to `total - 1` into at most `most` ranges of about equal weight, none of them empty.
 *
 * @param items sorted by their numbers
 */
export function cutRanges<T extends Weighted & { readonly number: number }>(
  items: readonly T[],
  most: number,
  total: number,
): Range<T>[] {
  const share = items.reduce((sum, { weight }) => sum + weight, 0) / most;
  const ranges: { first: number; last: number; items: T[] }[] = [];
  let open: { first: number; last: number; items: T[] } = { first: 0, last: total - 1, items: [] };
  let done = 0;
  for (const item of items) {
    const full = done + item.weight / 2 > share * (ranges.length + 1);
    if (full && open.items.length > 0 && item.number > (open.items.at(-1)?.number ?? 0)) {
      open.last = item.number - 1;
      ranges.push(open);
      open = { first: item.number, last: total - 1, items: [] };
    }
    open.items.push(item);
    done += item.weight;
  }
  if (open.items.length > 0) ranges.push(open);
  return ranges;
}

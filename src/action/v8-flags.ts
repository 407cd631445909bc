import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

/** By how much the old generation may grow before it is collected, in percent of what is in use. */
const USUAL_GROWTH = 20;

/** While images are copied, which keeps less in memory than planning: what it may grow by then, */
const ROOM_FOR_COPIES_BYTES = 40 * 1024 ** 2;
/** and the size up to which the young generation grows, or to less than twice of it. */
const YOUNG_BYTES_OF_COPIES = 32 * 1024 ** 2;

/**
 * Makes V8 collect garbage early. A run allocates much and keeps little; without this, V8 would let its young
 * generation grow with the machine's memory, and its old generation to four times of what is in use, and the process
 * would exceed 200 MB.
 */
export function limitHeapGrowth(): void {
  limitOldGeneration(USUAL_GROWTH);
  growYoungGeneration(1);
}

/**
 * Makes V8 collect less often, before images are copied. With the usual limits it collects everything for each 30 MB of a layer,
 * because it counts the memory of chunks that are in use for a moment, and spends a fifth of the time of tiny images. Each
 * collection of the young generation moves what the requests under way keep, however few others there are: the larger it is, the
 * less is moved.
 */
export function expectCopies(): void {
  const adapt = (): void => {
    const used = getHeapStatistics().used_heap_size;
    limitOldGeneration(Math.max(USUAL_GROWTH, Math.round((100 * ROOM_FOR_COPIES_BYTES) / used)));
    growYoungGeneration(youngBytes() < YOUNG_BYTES_OF_COPIES ? 2 : 1);
  };
  adapt();
  new PerformanceObserver(adapt).observe({ entryTypes: ['gc'] });
}

function limitOldGeneration(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** @param factor by which the young generation grows when much of it is in use */
function growYoungGeneration(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}

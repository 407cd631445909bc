import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** The young generation grows to this size, or to less than twice of it. */
const YOUNG_BYTES = 8 * 1024 ** 2;

/**
 * Makes V8 collect garbage early. A run allocates much and keeps little; without this, V8 would let its young
 * generation grow with the machine's memory, and its old generation to four times of what is in use, and the process
 * would exceed 200 MB. A smaller young generation is collected so often that tiny images take longer. An old generation
 * that may grow less is collected for each 30 MB of a layer: V8 counts the memory of chunks that are in use for a moment.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=250');
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < YOUNG_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}

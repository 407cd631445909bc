import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect garbage early. A run allocates much and keeps little; without this, V8 would let its young
 * generation grow with the machine's memory, and its old generation to four times of what is in use, and the process
 * would exceed 200 MB.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}

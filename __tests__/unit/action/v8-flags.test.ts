import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../src/action/v8-flags.ts', import.meta.url));

/** Allocates 200 MB in small pieces, of which little is in use at a time, and prints the largest heap in MB. */
const PROGRAM = `
  const { limitHeapGrowth, expectCopies } = await import(${JSON.stringify(MODULE)});
  if (process.argv[1] !== 'free') limitHeapGrowth();
  if (process.argv[1] === 'copies') expectCopies();
  let most = 0;
  const kept = [];
  for (let i = 0; i < 200; i += 1) {
    kept[i % 20] = Array.from({ length: 10_000 }, (_, n) => ({ n, text: 'x' + n + i }));
    // As between two requests.
    await new Promise(setImmediate);
    most = Math.max(most, process.memoryUsage().heapTotal);
  }
  console.log(Math.round(most / 2 ** 20));
`;

async function largestHeap(limited: 'limited' | 'copies' | 'free'): Promise<number> {
  const args = ['--input-type=module', '--eval', PROGRAM, limited];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

it('limitHeapGrowth keeps the heap of a process that allocates much and keeps little smaller, expectCopies less so', async () => {
  const [limited, copies, free] = await Promise.all([
    largestHeap('limited'),
    largestHeap('copies'),
    largestHeap('free'),
  ]);
  expect(limited).toBeGreaterThan(0);
  expect(limited).toBeLessThan(free * 0.7);
  expect(copies).toBeGreaterThan(limited);
  expect(copies).toBeLessThan(free);
}, 120_000);

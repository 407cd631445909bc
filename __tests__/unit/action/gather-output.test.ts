import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatherOutput } from '../../../src/action/gather-output.ts';

const MODULE = fileURLToPath(new URL('../../../src/action/logger.ts', import.meta.url));

/** A stream, and each write that it makes. */
function recorder(): { stream: Writable; writes: string[] } {
  const writes: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      writes.push(chunk);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { stream, writes };
}

describe('gatherOutput', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('writes what follows within a tenth of a second at once, in its order', () => {
    const { stream, writes } = recorder();
    const holdBack = gatherOutput(stream, () => undefined);
    for (const text of ['a', 'b', 'c']) {
      holdBack();
      stream.write(text);
    }
    // Others write without holding back.
    stream.write('d');
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(writes).toEqual(['abcd']);
    holdBack();
    stream.write('e');
    vi.advanceTimersByTime(100);
    expect(writes).toEqual(['abcd', 'e']);
  });

  it('writes what is left before the process exits, and only once', () => {
    const { stream, writes } = recorder();
    let exit: (() => void) | undefined;
    const holdBack = gatherOutput(stream, (write) => (exit = write));
    holdBack();
    stream.write('last');
    exit?.();
    expect(writes).toEqual(['last']);
    vi.advanceTimersByTime(100);
    stream.write('later');
    expect(writes).toEqual(['last', 'later']);
  });
});

it.each([
  ['that ends', ''],
  ['that calls process.exit', 'process.exit(0)'],
  ['that throws', 'throw new Error("broken")'],
])('a process %s has printed its whole log, in its order', async (_, end) => {
  const program = `
    const { logger } = await import(${JSON.stringify(MODULE)});
    logger.info('first');
    logger.warning('second');
    logger.info('third');
    ${end}
  `;
  const args = ['--input-type=module', '--eval', program];
  // What a process that fails has printed counts too.
  const log = await new Promise((resolve) =>
    execFile(process.execPath, args, (_error, stdout) => resolve(stdout)),
  );
  expect(log).toBe('first\n::warning::second\nthird\n');
});

it('a process that ends has printed its whole log, however slowly it is read', async () => {
  const program = `
    const { logger } = await import(${JSON.stringify(MODULE)});
    for (let line = 0; line < 20_000; line += 1) logger.info('line ' + line);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  // The process has ended, or waits for its reader.
  await Promise.race([once(child, 'exit'), delay(1000)]);
  const lines = (await text(child.stdout)).trimEnd().split('\n');
  expect(lines).toHaveLength(20_000);
  expect(lines.at(-1)).toBe('line 19999');
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readInputSource } from '../../../src/action/input-source.ts';
import { captureStdout } from '../../support/run/stdout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function eventOf(text: string): Promise<{ event: unknown; log: string }> {
  const path = join(folder, 'event.json');
  await writeFile(path, text);
  vi.stubEnv('GITHUB_EVENT_PATH', path);
  let event: unknown;
  const log = await captureStdout(() => ({ event } = readInputSource()));
  return { event, log };
}

describe('readInputSource', () => {
  it('reads inputs, trimmed, and the name of the event', () => {
    vi.stubEnv('INPUT_QUERY-CONCURRENCY', ' 50 ');
    vi.stubEnv('GITHUB_EVENT_NAME', 'schedule');
    const source = readInputSource();
    expect([source.get('query-concurrency'), source.get('not-set'), source.eventName]).toEqual([
      '50',
      '',
      'schedule',
    ]);
  });

  it('reads the payload of the event', async () => {
    expect(await eventOf('{"number": 7}')).toEqual({ event: { number: 7 }, log: '' });
  });

  it('warns of a payload that is not JSON, and continues', async () => {
    const { event, log } = await eventOf('{');
    expect(event).toBeUndefined();
    expect(log).toMatch(/^::warning::The event in GITHUB_EVENT_PATH can't be read: /);
  });

  it('has no payload where the runner names no file', () => {
    vi.stubEnv('GITHUB_EVENT_PATH', '');
    expect(readInputSource().event).toBeUndefined();
  });

  it('masks secrets with a workflow command', async () => {
    const { mask } = readInputSource();
    expect(await captureStdout(() => mask('s3cret'))).toBe('::add-mask::s3cret\n');
  });
});

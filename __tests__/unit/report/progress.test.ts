import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress, StepProgress } from '../../../src/report/progress.ts';

let now: number;
let lines: string[];
let progress: Progress | undefined;

function start(total: number): void {
  progress = new Progress({ total, log: (line) => void lines.push(line), clock: () => now });
}

/** Finishes `images` of `bytes` each, lets `seconds` pass, then logs the progress. */
function tickAfter(seconds: number, images: number, bytes = 0): string | undefined {
  for (let image = 0; image < images; image += 1) progress?.done(bytes, false);
  now += seconds * 1000;
  progress?.tick();
  return lines.at(-1);
}

beforeEach(() => {
  vi.useFakeTimers();
  // Not 0: a monotonic clock starts anywhere.
  now = 5_000_000;
  lines = [];
});

afterEach(() => {
  progress?.stop();
  vi.useRealTimers();
});

describe('tick', () => {
  it('logs the number of images, bytes, rate and time left', () => {
    start(1461);
    expect(tickAfter(10, 20, 5_000_000)).toBe('20 of 1,461 images, 100 MB, 10.0 MB/s, about 12 min left');
  });

  it('counts failed images if there are any', () => {
    start(10);
    progress?.done(0, true);
    progress?.done(1000, false);
    expect(tickAfter(10, 0)).toBe('2 of 10 images, 1.0 kB, 100 B/s, about 40 s left, 1 failed');
  });

  it('estimates no time while no image is finished', () => {
    start(10);
    expect(tickAfter(10, 0)).toBe('0 of 10 images, 0 B, 0 B/s, none finished lately');
  });

  it('estimates no time left at the end', () => {
    start(5);
    expect(tickAfter(10, 5)).toContain('5 of 5 images');
    expect(lines.at(-1)).toContain('about 0 s left');
  });

  it('measures the rate over the last six intervals, so that a fast start is forgotten', () => {
    start(1000);
    expect(tickAfter(10, 600, 1000)).toContain('about 7 s left');
    for (let interval = 0; interval < 5; interval += 1) tickAfter(10, 1, 1000);
    expect(lines.at(-1)).toContain('605 of 1,000 images, 605 kB, 10.1 kB/s');
    // The window no longer contains the first 600 images: six in 60 seconds.
    expect(tickAfter(10, 1, 1000)).toBe('606 of 1,000 images, 606 kB, 100 B/s, about 1 h 6 min left');
  });

  it('says when no image finished in the last six intervals', () => {
    start(10);
    tickAfter(10, 1);
    for (let interval = 0; interval < 6; interval += 1) tickAfter(10, 0);
    expect(lines.slice(0, -1).join('\n')).not.toContain('none finished lately');
    expect(lines.at(-1)).toContain('1 of 10 images, 0 B, 0 B/s, none finished lately');
  });

  it('shows numbers even if the clock stands still', () => {
    start(10);
    expect(tickAfter(0, 1, 1)).not.toMatch(/NaN|Infinity/);
  });
});

describe('the interval', () => {
  it('is ten seconds, so that shorter work logs nothing', () => {
    start(10);
    vi.advanceTimersByTime(9_999);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(20_000);
    expect(lines).toHaveLength(3);
  });

  it('ends with stop', () => {
    start(10);
    progress?.stop();
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('StepProgress', () => {
  it('logs every ten seconds how many namespaces are done, until it is stopped', () => {
    let requests = 0;
    const step = new StepProgress({
      verb: 'listed',
      total: 3,
      requests: () => requests,
      log: (line) => void lines.push(line),
    });
    vi.advanceTimersByTime(9_999);
    expect(lines).toEqual([]);
    requests = 1240;
    step.done();
    vi.advanceTimersByTime(1);
    expect(lines).toEqual(['1 of 3 namespaces listed · 1,240 requests']);
    step.stop();
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { HostLimiter } from '../../../../src/oci/http/host-limiter.ts';

/** A limiter whose clock only its own waits move. */
class Setup {
  now = 0;
  readonly slept: number[] = [];
  readonly limiter: HostLimiter;

  constructor(concurrency: number) {
    const sleep = async (ms: number): Promise<void> => {
      this.slept.push(ms);
      this.now += ms;
    };
    this.limiter = new HostLimiter(concurrency, sleep, () => this.now);
  }
}

describe('HostLimiter', () => {
  it('runs at most N requests at once, and returns their results', async () => {
    const { limiter } = new Setup(2);
    let [active, most] = [0, 0];
    const results = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (number) =>
        limiter.run(async () => {
          most = Math.max(most, (active += 1));
          await new Promise((resolve) => setTimeout(resolve, 2));
          active -= 1;
          return number;
        }),
      ),
    );
    expect([most, results]).toEqual([2, [0, 1, 2, 3, 4, 5]]);
  });

  it('runs thousands of requests that wait in the order of their calls', async () => {
    const { limiter } = new Setup(2);
    const numbers = Array.from({ length: 5000 }, (_, number) => number);
    const started: number[] = [];
    await Promise.all(numbers.map(async (number) => limiter.run(async () => void started.push(number))));
    expect(started).toEqual(numbers);
  });

  it('frees a place when a request fails', async () => {
    const { limiter } = new Setup(1);
    const failed = limiter.run(async () => {
      throw new Error('no');
    });
    const next = limiter.run(async () => 'next');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('next');
  });

  it('runs no request during a pause, and never shortens one', async () => {
    const setup = new Setup(1);
    setup.limiter.pause(5000);
    setup.limiter.pause(1000);
    await setup.limiter.run(async () => {});
    expect(setup.slept).toEqual([5000]);
    await setup.limiter.run(async () => {});
    expect(setup.slept).toEqual([5000]);
  });

  it('waits again when it is paused again meanwhile', async () => {
    let now = 0;
    const slept: number[] = [];
    const limiter: HostLimiter = new HostLimiter(
      1,
      async (ms) => {
        slept.push(ms);
        now += ms;
        if (slept.length === 1) limiter.pause(300);
      },
      () => now,
    );
    limiter.pause(1000);
    await limiter.run(async () => {});
    expect(slept).toEqual([1000, 300]);
  });

  it('throws the refusal of a pause that is too long, until it is over', async () => {
    const setup = new Setup(2);
    const refusal = new Error('come back tomorrow');
    setup.limiter.pause(86_400_000, refusal);
    setup.limiter.pause(1000);
    await expect(setup.limiter.run(async () => 'passed')).rejects.toBe(refusal);
    expect(setup.slept).toEqual([]);
    setup.now += 86_400_000;
    expect(await setup.limiter.run(async () => 'passed')).toBe('passed');
    setup.limiter.pause(1000);
    expect(await setup.limiter.run(async () => 'passed')).toBe('passed');
  });

  it('runs no request that was aborted while it waited for a place', async () => {
    const { limiter } = new Setup(1);
    const release = Promise.withResolvers<void>();
    const first = limiter.run(async () => release.promise);
    const controller = new AbortController();
    let sent = false;
    const second = limiter.run(async () => {
      sent = true;
    }, controller.signal);
    controller.abort(new Error('aborted'));
    release.resolve();
    await first;
    await expect(second).rejects.toThrow('aborted');
    expect(sent).toBe(false);
  });

  it('passes the signal to the wait', async () => {
    const signal = new AbortController().signal;
    let handed: AbortSignal | undefined;
    let now = 0;
    const limiter = new HostLimiter(
      1,
      async (ms, given) => {
        handed = given;
        now += ms;
      },
      () => now,
    );
    limiter.pause(1);
    await limiter.run(async () => {}, signal);
    expect(handed).toBe(signal);
  });
});

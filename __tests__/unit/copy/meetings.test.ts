import { describe, expect, it } from 'vitest';
import { Meetings } from '../../../src/copy/meetings.ts';
import { MAX_PATIENCE_MS, Patience } from '../../../src/copy/patience.ts';
import { VirtualClock } from '../../support/github/virtual-clock.ts';

function start(): { clock: VirtualClock; meetings: Meetings<string> } {
  const clock = new VirtualClock(0);
  return { clock, meetings: new Meetings(new Patience({ clock: clock.now, sleep: clock.sleep })) };
}

describe('Meetings', () => {
  it('lets copies to several targets go on together', async () => {
    const { clock, meetings } = start();
    const [a, b] = [meetings.join('x', 'a'), meetings.join('x', 'b')];
    const passed: number[] = [];
    const late = async (): Promise<void> => {
      await clock.sleep(300);
      await b.reach('stage');
    };
    const reach = async (one: Promise<void>): Promise<number> => one.then(() => passed.push(clock.now()));
    await clock.run(Promise.all([reach(a.reach('stage')), reach(late())]));
    expect(passed).toEqual([300, 300]);
  });

  it('does not wait for other meetings, other copies to the same target, or copies that have left', async () => {
    const { clock, meetings } = start();
    const [a, , b] = [meetings.join('x', 'a'), meetings.join('x', 'a'), meetings.join('x', 'b')];
    meetings.join('y', 'c');
    b.pass('first');
    await a.reach('first');
    const waiting = a.reach('second');
    b.leave();
    b.leave();
    await waiting;
    expect(clock.now()).toBe(0);
  });

  it('goes on without a copy that does not come, and waits for its target no more', async () => {
    const { clock, meetings } = start();
    const first = meetings.join('x', 'a');
    meetings.join('x', 'b');
    await clock.run(first.reach('stage'));
    expect(clock.now()).toBe(MAX_PATIENCE_MS);
    const next = meetings.join('y', 'a');
    const late = meetings.join('y', 'b');
    await next.reach('stage');
    expect(clock.now()).toBe(MAX_PATIENCE_MS);
    await late.reach('stage');
  });
});

import { expect, it } from 'vitest';
import { monitor } from '../../../src/modes/monitor.ts';
import { inModeWorld } from '../../support/fixtures/mode-world.ts';

it('monitor lists again for each look, and its result is the last one', async () => {
  await inModeWorld('monitor', async (world) => {
    const image = await world.push('a:v1', world.source);
    await world.push('a:v2', world.source);
    const waits: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms);
      world.setRecord({ a: { v1: image.digest } });
      await Promise.resolve();
    };
    const inputs = world.inputs({ 'monitor-count': '2', 'monitor-interval': '30s' });
    const result = await monitor(inputs, { ...world.deps, sleep });
    expect(waits).toEqual([30_000]);
    const states = world.deps.lines.filter((line) => line.includes(' mirrored, '));
    expect(states.map((line) => line.replace(/^\S+ \S+: /, ''))).toEqual([
      '0 of 2 tags mirrored, 2 pending',
      '1 of 2 tags mirrored, 1 pending',
    ]);
    expect(result).toMatchObject({
      mode: 'monitor',
      dryRun: true,
      namespaces: [{ unchanged: 1, pending: 1 }],
    });
    expect(world.deps.metadata.messages).toEqual([]);
  });
});

it('monitor reports its last look when the run ends before the next one', async () => {
  await inModeWorld('monitor', async (world) => {
    await world.push('a:v1', world.source);
    const { lifetime } = world.deps;
    const sleep = async (): Promise<void> => {
      lifetime.cancel();
      lifetime.abort.throwIfAborted();
      await Promise.resolve();
    };
    const inputs = world.inputs({ 'monitor-count': '3' });
    const result = await monitor(inputs, { ...world.deps, sleep });
    expect(result).toMatchObject({
      namespaces: [{ unchanged: 0, pending: 1 }],
      stopped: ['The run was cancelled after 1 of 3 looks'],
    });
  });
});

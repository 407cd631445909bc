import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ChildProcesses } from '../../../src/action/child-processes.ts';

it('ChildProcesses ends all child processes except those that are spared', async () => {
  const children = new ChildProcesses();
  const lasting = spawn('sleep', ['60']);
  const short = spawn('sh', ['-c', 'sleep 0.2']);
  const ends = Promise.all([once(lasting, 'exit'), once(short, 'exit')]);
  children.end(['-c']);
  expect(await ends).toEqual([
    [null, 'SIGTERM'],
    [0, null],
  ]);
});

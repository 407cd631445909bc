import { describe, expect, it } from 'vitest';
import { nodeProblem } from '../../../src/action/node-version.ts';

describe('nodeProblem', () => {
  it.each(['20.20.2', '22.15.0', '23.11.1', '8.0.0'])(
    'names the runner that Node %s is too old for',
    (version) => {
      expect(nodeProblem(version)).toContain(
        `needs Node 24, and was started with Node ${version}: use a runner`,
      );
    },
  );

  it.each(['24.0.0', '24.21.0', '26.0.0', '100.1.0'])('is none for Node %s', (version) => {
    expect(nodeProblem(version)).toBeUndefined();
  });
});

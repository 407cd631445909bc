import { describe, expect, it } from 'vitest';
import { EndOfRun } from '../../../src/mirror/lifetime.ts';

describe('EndOfRun', () => {
  it('says why the run ends', () => {
    expect(new EndOfRun('cancelled').message).toBe('The run was cancelled');
    expect(new EndOfRun('time limit').message).toBe('The time limit is reached');
  });
});

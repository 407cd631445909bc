import { describe, expect, it } from 'vitest';
import { ExpectedBlobs } from '../../../../src/copy/registry/expected-blobs.ts';
import { testClient } from '../../../support/fixtures/clients.ts';

const [a, b] = [testClient('a.example'), testClient('b.example')];

describe('ExpectedBlobs', () => {
  it('awaits the targets that need a blob and are not being sent it', () => {
    const expected = new ExpectedBlobs();
    const [first, second] = [expected.add(a, ['x', 'y']), expected.add(a, ['x'])];
    expected.add(b, ['x']);
    expect([expected.awaited('x'), expected.awaited('y'), expected.awaited('z')]).toEqual([[a, b], [a], []]);
    const leave = expected.enter(a, 'x');
    expect(expected.awaited('x')).toEqual([b]);
    leave?.();
    expect(expected.awaited('x')).toEqual([a, b]);
    first();
    expect([expected.awaited('x'), expected.awaited('y')]).toEqual([[a, b], []]);
    second();
    expect(expected.awaited('x')).toEqual([b]);
  });

  it('awaits no target that has the blob', () => {
    const expected = new ExpectedBlobs();
    const close = expected.add(a, ['x']);
    expected.settle(a, 'x');
    expect([expected.awaited('x'), expected.enter(a, 'x')]).toEqual([[], undefined]);
    close();
    expect(expected.awaited('x')).toEqual([]);
  });
});

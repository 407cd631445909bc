import { expect, it } from 'vitest';
import { TargetInventory } from '../../../../src/copy/registry/target-inventory.ts';
import { digest } from '../../../support/fixtures/digests.ts';

it('locations from an earlier run are known and not confirmed', () => {
  const inventory = new TargetInventory([[digest(1), 'a']]);
  expect(inventory.repositoryWith(digest(1), 'a')).toBe('a');
  expect(inventory.isConfirmed('a', digest(1))).toBe(false);
  expect(inventory.changed).toBe(false);
});

it('a noted blob is confirmed in its repository, and can be mounted into others', () => {
  const inventory = new TargetInventory([[digest(1), 'a']]);
  inventory.noteBlob('a', digest(1));
  expect([inventory.isConfirmed('a', digest(1)), inventory.changed]).toEqual([true, false]);
  inventory.noteBlob('b', digest(2));
  expect(inventory.repositoryWith(digest(2), 'c')).toBe('b');
  expect(inventory.locations()).toEqual([
    [digest(1), 'a'],
    [digest(2), 'b'],
  ]);
  expect(inventory.changed).toBe(true);
});

it('a forgotten blob is neither known nor confirmed', () => {
  const inventory = new TargetInventory();
  inventory.noteBlob('a', digest(1));
  inventory.forgetBlob('a', digest(1));
  expect(inventory.repositoryWith(digest(1), 'a')).toBeUndefined();
  expect(inventory.isConfirmed('a', digest(1))).toBe(false);
});

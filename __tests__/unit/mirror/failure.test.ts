import { expect, it } from 'vitest';
import { describeFailed } from '../../../src/mirror/failure.ts';
import { failure } from '../../support/fixtures/results.ts';

it.each([
  [[failure('a', ['v1', 'v2'])], '2 tags'],
  [[failure('', [])], '1 namespace'],
  [[failure('a', []), failure('b', [])], '2 images'],
  [[failure('a', ['v1']), failure('b', []), failure('', [])], '1 tag, 1 image and 1 namespace'],
  [[failure('a', ['v1']), failure('', [])], '1 tag and 1 namespace'],
])('describeFailed counts tags, images and namespaces apart (%#)', (failures, expected) => {
  expect(describeFailed(failures)).toBe(expected);
});

import { describe, expect, it } from 'vitest';
import {
  CopyError,
  MissingAtSourceError,
  PostponedError,
  isPermanent,
} from '../../../src/mirror/copy-error.ts';
import { RegistryError } from '../../../src/oci/errors.ts';

const answer = (more: { status?: number; retryable?: boolean }): RegistryError =>
  new RegistryError({ method: 'GET', url: new URL('https://r.io/'), cause: 'no', ...more });

describe('isPermanent', () => {
  it.each([
    ['a refusal', answer({ status: 404 }), true],
    ['a fault of the registry', answer({ status: 503, retryable: true }), false],
    ['no answer', answer({}), false],
    ['a copy that can not succeed', new CopyError('no', { retryable: false }), true],
    ['a copy that may succeed later', new CopyError('no', { retryable: true }), false],
    ['a postponed tag', new PostponedError('later'), true],
    ['a missing digest', new MissingAtSourceError('gone'), true],
    ['any other error', new Error('odd'), false],
    ['what is no error', 'odd', false],
  ])('is decided for %s', (_, error, expected) => {
    expect(isPermanent(error)).toBe(expected);
  });
});

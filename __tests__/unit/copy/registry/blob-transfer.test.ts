import { describe, expect, it } from 'vitest';
import { uploadProblem } from '../../../../src/copy/registry/blob-transfer.ts';
import { RegistryError } from '../../../../src/oci/errors.ts';

function errorOf(given: Partial<ConstructorParameters<typeof RegistryError>[0]>): RegistryError {
  return new RegistryError({
    method: 'PUT',
    url: new URL('https://r.example/v2/'),
    cause: 'refused',
    ...given,
  });
}

describe('uploadProblem', () => {
  it.each([
    [401, 'PUT', true],
    [404, 'PATCH', true],
    [416, 'PATCH', true],
    [404, 'POST', false],
    [403, 'PUT', false],
  ])('%i to a %s: another session may help: %s', (status, method, retryable) => {
    expect(uploadProblem(errorOf({ status, method })).retryable).toBe(retryable);
  });

  it('leaves what the transport has retried already', () => {
    const error = errorOf({ status: 503, retryable: true });
    expect(uploadProblem(error).retryable).toBe(true);
    error.isExhausted = true;
    expect(uploadProblem(error).retryable).toBe(false);
  });

  it('passes on how long to wait, and doubts only refusals of uploads', () => {
    const given = { ambiguous: true, retryAfter: 7 };
    expect(uploadProblem(errorOf(given))).toMatchObject(given);
    expect(uploadProblem(errorOf({ ...given, method: 'POST' }))).toMatchObject({ ambiguous: false });
  });
});

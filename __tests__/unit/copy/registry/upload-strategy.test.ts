import { describe, expect, it } from 'vitest';
import { UploadStrategies } from '../../../../src/copy/registry/upload-strategy.ts';
import { RegistryError } from '../../../../src/oci/errors.ts';

function failure(method: string, status?: number): RegistryError {
  const url = new URL('https://registry.example/v2/a/blobs/uploads/1');
  return new RegistryError({ method, url, cause: 'test', ...(status !== undefined && { status }) });
}

describe('UploadStrategies', () => {
  it('sends blobs whole at first', () => {
    expect(new UploadStrategies().first()).toBe('whole');
  });

  it('sends all further blobs in chunks after a 413', () => {
    const strategies = new UploadStrategies();
    expect(strategies.next('whole', failure('PUT', 413))).toBe('chunks');
    expect(strategies.first()).toBe('chunks');
    expect(strategies.next('chunks', failure('PATCH'))).toBe('chunks');
  });

  it('tries the other strategy after a lost connection, for this blob only', () => {
    const strategies = new UploadStrategies();
    expect(strategies.next('whole', failure('PUT'))).toBe('chunks');
    expect(strategies.next('chunks', failure('PATCH'))).toBe('whole');
    expect(strategies.first()).toBe('whole');
  });

  it.each([
    ['an answer', failure('PUT', 503)],
    ['a failed download', failure('GET')],
    ['a failed start', failure('POST')],
  ])('keeps the strategy after %s', (_, error) => {
    expect(new UploadStrategies().next('whole', error)).toBe('whole');
    expect(new UploadStrategies().next('chunks', error)).toBe('chunks');
  });
});

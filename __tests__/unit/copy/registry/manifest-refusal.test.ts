import { describe, expect, it } from 'vitest';
import {
  explainRefusal,
  isMissingPart,
  mayBeStored,
  namesUnknownPart,
} from '../../../../src/copy/registry/manifest-refusal.ts';
import { RegistryError } from '../../../../src/oci/errors.ts';
import { digest } from '../../../support/fixtures/digests.ts';

function refusal(given: Partial<ConstructorParameters<typeof RegistryError>[0]>): RegistryError {
  return new RegistryError({
    method: 'PUT',
    url: new URL('https://r.example/v2/'),
    cause: 'refused',
    ...given,
  });
}

describe('the refusal of a manifest', () => {
  it.each([
    ['MANIFEST_BLOB_UNKNOWN', true, true],
    ['BLOB_UNKNOWN', true, true],
    // zot's answer, and that of others for a manifest that was damaged on its way.
    ['MANIFEST_INVALID', true, false],
    ['DENIED', false, false],
  ])('%s: a part may be missing: %s, and is named as missing: %s', (code, isMissing, isNamed) => {
    const error = refusal({ status: 400, codes: [code] });
    expect([isMissingPart(error), namesUnknownPart(error)]).toEqual([isMissing, isNamed]);
  });

  it('leads to a lookup, unless requests are limited, or it may pass and nothing was pushed', () => {
    expect(mayBeStored(refusal({ status: 409 }))).toBe(true);
    expect(mayBeStored(refusal({ status: 429 }))).toBe(false);
    expect(mayBeStored(refusal({ method: 'GET', status: 503, retryable: true }))).toBe(false);
    expect(mayBeStored(new Error('other'))).toBe(false);
  });

  it('names foreign layers if there are any', () => {
    const error = refusal({ status: 400 });
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digest(1), size: 1 };
    const foreign = {
      ...layer,
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      urls: ['https://layers.example/1'],
    };
    const config = { ...layer, mediaType: 'application/vnd.oci.image.config.v1+json' };
    const contentOf = (layers: (typeof layer)[]): Parameters<typeof explainRefusal>[1] => ({
      kind: 'image',
      config,
      layers,
    });
    expect(explainRefusal(error, contentOf([layer]))).toBe(error);
    expect(explainRefusal(error, contentOf([layer, foreign])).message).toContain('foreign layers');
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { headOf, manifestOf, reportedDigestOf } from '../../../src/oci/manifest-response.ts';
import { SCHEMA1_SIGNED } from '../../../src/oci/media-types.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage } from '../../support/fixtures/images.ts';
import { responseOf } from '../../support/fixtures/responses.ts';

const IMAGE = makeImage({ seed: 'manifest' });
const HEADERS = {
  'docker-content-digest': IMAGE.digest,
  'content-type': `${IMAGE.mediaType}; charset=utf-8`,
  'content-length': '123',
};

describe('headOf', () => {
  it('returns digest, type and size', async () => {
    const { digest: reported, mediaType } = IMAGE;
    expect(headOf(await responseOf(HEADERS))).toEqual({ digest: reported, mediaType, size: 123 });
    expect(reportedDigestOf(await responseOf(HEADERS))).toBe(reported);
  });

  it.each([
    ['without a digest', { 'docker-content-digest': '' }],
    ['with a digest that is none', { 'docker-content-digest': 'sha256:1' }],
    ['without the type of a manifest', { 'content-type': 'application/json' }],
    ['with the size of something compressed', { 'content-encoding': 'gzip' }],
  ])('is incomplete %s', async (_, headers) => {
    expect(headOf(await responseOf({ ...HEADERS, ...headers }))).toBe('incomplete');
  });
});

describe('manifestOf', () => {
  const sha512 = `sha512:${createHash('sha512').update(IMAGE.bytes).digest('hex')}`;

  it('is verified by the digest that was requested', async () => {
    const response = await responseOf(HEADERS);
    const { mediaType, bytes } = IMAGE;
    expect(manifestOf(IMAGE.digest, bytes, response)).toEqual({ mediaType, digest: IMAGE.digest, bytes });
    expect(() => manifestOf(digest(1), bytes, response)).toThrow(
      expect.objectContaining({ retryable: true, message: expect.stringContaining(IMAGE.digest) }),
    );
  });

  it.each([
    ['its own digest', IMAGE.digest, IMAGE.digest],
    ['its digest in another algorithm', sha512, sha512],
    ['the digest of something else', digest(1), IMAGE.digest],
    ['no digest', 'v1', IMAGE.digest],
  ])(
    'has the digest of its bytes where a tag was requested and %s is reported',
    async (_, reported, expected) => {
      const response = await responseOf({ ...HEADERS, 'docker-content-digest': reported });
      expect(manifestOf('v1', IMAGE.bytes, response).digest).toBe(expected);
    },
  );

  it('is not verified in schema1, whose digest does not cover its signatures', async () => {
    const response = await responseOf({ 'content-type': SCHEMA1_SIGNED });
    expect(manifestOf(digest(1), Buffer.from('{"schemaVersion":1}'), response).digest).toBe(digest(1));
  });

  it('refuses a web page', async () => {
    const response = await responseOf({ 'content-type': 'text/html' });
    expect(() => manifestOf('v1', Buffer.from('<html>'), response)).toThrow(
      expect.objectContaining({ ambiguous: true, message: expect.stringContaining('not a manifest') }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Descriptor,
  formatPlatform,
  isForeignLayer,
  matchesPlatform,
  mediaTypeOf,
  readManifest,
} from '../../../src/oci/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA1,
  SCHEMA1_SIGNED,
} from '../../../src/oci/media-types.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { makeImage, makeIndex } from '../../support/fixtures/images.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const DESCRIPTOR = { mediaType: 'x', digest: digest(1), size: 1 };

function kindOf(content: Uint8Array, mediaType = OCI_MANIFEST): string {
  try {
    return readManifest({ mediaType, bytes: content }).kind;
  } catch (error) {
    return String(error);
  }
}

describe('readManifest', () => {
  const image = makeImage({ seed: 'manifest', layers: [10, 20] });

  it('returns what an image and an index refer to', () => {
    const read = readManifest(image);
    const refers = read.kind === 'image' ? [read.config, ...read.layers] : [];
    expect(refers.map(({ digest, size }) => [digest, size])).toEqual(
      Array.from(image.blobs, ([digest, blob]) => [digest, blob.length]),
    );
    const index = readManifest(makeIndex([image], { annotations: { a: 'b' } }));
    expect(index).toMatchObject({
      kind: 'index',
      children: [{ digest: image.digest, platform: { os: 'linux', architecture: 'amd64' } }],
    });
  });

  it.each([
    ['an index that calls itself an image', { manifests: [DESCRIPTOR] }, OCI_MANIFEST, 'index'],
    ['an image of a type that nobody knows', { config: DESCRIPTOR }, 'application/vnd.x', 'image'],
    ['an image without layers', { config: DESCRIPTOR, layers: null }, DOCKER_MANIFEST, 'image'],
    ['an index of nothing', { manifests: [] }, DOCKER_LIST, 'index'],
    ['schema1 by its type, whatever it holds', 'x', SCHEMA1_SIGNED, 'schema1'],
    ['schema1 by its version', { schemaVersion: 1, fsLayers: [] }, OCI_MANIFEST, 'schema1'],
    [
      'one that is both, by its type',
      { config: DESCRIPTOR, manifests: [DESCRIPTOR] },
      DOCKER_MANIFEST,
      'image',
    ],
  ])('reads %s', (_, content, mediaType, kind) => {
    expect(kindOf(bytes(content), mediaType)).toBe(kind);
  });

  it.each([
    ['not JSON', Buffer.from('<html>'), 'is not JSON'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not JSON'],
    [
      'no manifest',
      bytes({ schemaVersion: 2 }),
      `of type "${OCI_MANIFEST}" has neither "manifests" nor "config"`,
    ],
    ['a text', bytes('config'), 'is malformed at its root'],
    [
      'a digest that is none',
      bytes({ config: { ...DESCRIPTOR, digest: 'sha256:../../x' } }),
      'is malformed at config.digest: not a digest',
    ],
    ['a negative size', bytes({ config: { ...DESCRIPTOR, size: -1 } }), 'is malformed at config.size'],
    ['a size too large', bytes({ config: { ...DESCRIPTOR, size: 2 ** 60 } }), 'is malformed at config.size'],
    [
      'a layer that is no descriptor',
      bytes({ config: DESCRIPTOR, layers: [DESCRIPTOR, 'x'] }),
      'is malformed at layers.1',
    ],
  ])('refuses %s', (_, content, cause) => {
    expect(kindOf(content)).toContain(`The manifest ${cause}`);
  });

  it('quotes untrusted text on one line, cut to a length', () => {
    const long = `x\n::error::${'y'.repeat(1000)}`;
    const errors = [
      kindOf(bytes({ config: { ...DESCRIPTOR, size: long } })),
      kindOf(bytes({ config: { ...DESCRIPTOR, annotations: { [long]: 1 } } })),
      kindOf(bytes({}), long),
    ];
    for (const error of errors) {
      expect(error).toContain('Error: The manifest');
      expect(error).not.toContain('\n');
      expect(error.length).toBeLessThan(500);
    }
  });

  it('refuses an index type with the fields of an image', () => {
    expect(kindOf(bytes({ config: DESCRIPTOR, manifests: [DESCRIPTOR] }), OCI_INDEX)).toContain('Error');
  });

  it('returns a kind or throws a clear error for any JSON', () => {
    const descriptors = fc.oneof(
      fc.constant(DESCRIPTOR),
      fc.record({ digest: fc.string(), size: fc.jsonValue() }),
      fc.jsonValue(),
    );
    const manifests = fc.record(
      {
        mediaType: fc.oneof(fc.string(), fc.jsonValue()),
        schemaVersion: fc.oneof(fc.constantFrom(1, 2), fc.jsonValue()),
        config: descriptors,
        layers: fc.oneof(fc.array(descriptors, { maxLength: 2 }), fc.jsonValue()),
        manifests: fc.oneof(fc.array(descriptors, { maxLength: 2 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), manifests),
        fc.constantFrom(OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, 'text/plain', ''),
        (value, mediaType) => {
          expect(kindOf(bytes(value), mediaType)).toMatch(/^(?:index|image|schema1|Error: The manifest .*)$/);
          expect(typeof mediaTypeOf(bytes(value), mediaType)).toBe('string');
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('mediaTypeOf', () => {
  it.each([
    [{ mediaType: 'application/vnd.x' }, 'application/json', 'application/vnd.x'],
    [{ manifests: [] }, 'text/plain; charset=utf-8', OCI_INDEX],
    [{ config: DESCRIPTOR }, '', OCI_MANIFEST],
    [{ schemaVersion: 1 }, 'application/json', SCHEMA1],
    [{ mediaType: 'application/vnd.x' }, 'application/vnd.a+json; charset=utf-8', 'application/vnd.a+json'],
    [{}, 'application/json ; charset=utf-8', 'application/json'],
    [{ manifests: 'x' }, 'text/plain', 'text/plain'],
  ])('of %j sent as "%s" is %s', (content, contentType, expected) => {
    expect(mediaTypeOf(bytes(content), contentType)).toBe(expected);
  });

  it('throws for a web page', () => {
    expect(() => mediaTypeOf(Buffer.from('<html>'), 'text/html')).toThrow('The manifest is not JSON');
  });
});

describe('platforms', () => {
  const on = (platform: Descriptor['platform']): Descriptor => ({ ...DESCRIPTOR, platform });

  it.each([
    [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
    [{ os: 'linux', architecture: 'amd64', variant: null }, 'linux/amd64'],
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
    [null, undefined],
    [undefined, undefined],
  ])('of %j are written %s', (platform, expected) => {
    expect(formatPlatform(on(platform))).toBe(expected);
  });

  it.each([
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64', true],
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64/v8', true],
    [{ os: 'linux', architecture: 'arm64' }, 'linux/arm64/v8', true],
    [{ os: 'linux', architecture: 'aarch64' }, 'linux/arm64', true],
    [{ os: 'linux', architecture: 'x86_64' }, 'linux/amd64', true],
    [{ os: 'linux', architecture: 'arm' }, 'linux/arm/v7', true],
    [{ os: 'linux', architecture: 'arm', variant: 'v6' }, 'linux/arm', false],
    [{ os: '', architecture: '' }, 'linux/amd64', false],
    [{ os: 'linux', architecture: 'arm64' }, 'linux/arm', false],
    [{ os: 'windows', architecture: 'amd64' }, 'linux/amd64', false],
    [undefined, 'linux/amd64', false],
  ])('of %j match %s: %s', (platform, wanted, matches) => {
    expect(matchesPlatform(on(platform), wanted)).toBe(matches);
  });
});

describe('isForeignLayer', () => {
  it.each([
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', true],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', true],
    ['application/vnd.oci.image.layer.v1.tar+gzip', false],
    ['', false],
  ])('is for %s with urls: %s', (mediaType, foreign) => {
    expect(isForeignLayer({ ...DESCRIPTOR, mediaType, urls: ['https://r.example/layer'] })).toBe(foreign);
    for (const urls of [undefined, null, []])
      expect(isForeignLayer({ ...DESCRIPTOR, mediaType, urls })).toBe(false);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RawManifest } from '../../../src/oci/manifest.ts';
import { DOCKER_LIST, OCI_INDEX } from '../../../src/oci/media-types.ts';
import { listEntries, includesAll, readReferrer, uniteList } from '../../../src/oci/referrers-list.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { SBOM, makeImage, makeIndex, makeManifest, makeReferrer } from '../../support/fixtures/images.ts';

function listOf(content: unknown, mediaType = OCI_INDEX): RawManifest {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { mediaType, bytes, digest: digestOf(bytes) };
}

const json = ({ bytes }: RawManifest): unknown => JSON.parse(new TextDecoder().decode(bytes));

const entry = fc.record(
  {
    mediaType: fc.string(),
    digest: fc.integer({ min: 1, max: 12 }).map(digest),
    size: fc.nat(),
    artifactType: fc.string(),
    annotations: fc.dictionary(fc.string(), fc.string()),
    unknown: fc.jsonValue(),
  },
  { requiredKeys: ['digest'] },
);
const entries = fc.array(entry, { maxLength: 10 });
/** A list as any client may have written it, or none. */
const list = fc.option(
  fc
    .record({
      manifests: entries,
      annotations: fc.dictionary(fc.string(), fc.string()),
      more: fc.jsonValue(),
    })
    .map((content) => listOf({ schemaVersion: 2, mediaType: OCI_INDEX, ...content })),
  { nil: undefined },
);
/** What an entry says, as JSON has it: without a key that would be an object's prototype. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('uniteList', () => {
  it('keeps existing entries unchanged and in order, and all other fields', () => {
    fc.assert(
      fc.property(list, entries, (before, added) => {
        const known = (before && listEntries(before)) ?? [];
        const united = uniteList(before, added);
        expect(plain(listEntries(united)?.slice(0, known.length))).toEqual(plain(known));
        const head = (one: RawManifest): unknown => ({ ...Object(json(one)), manifests: [] });
        expect(head(united)).toEqual(head(before ?? listOf({ schemaVersion: 2, mediaType: OCI_INDEX })));
      }),
    );
  });

  it('adds each new entry once', () => {
    fc.assert(
      fc.property(list, entries, (before, added) => {
        const known = (before && listEntries(before)) ?? [];
        const united = listEntries(uniteList(before, added)) ?? [];
        const wanted = new Set([...known, ...added].map((one) => one.digest));
        expect(new Set(united.map((one) => one.digest))).toEqual(wanted);
        const news = new Set(added.map((one) => one.digest));
        for (const one of known) news.delete(one.digest);
        expect(united.length).toBe(known.length + news.size);
        expect(includesAll(united, known) && includesAll(united, added)).toBe(true);
      }),
    );
  });

  it('returns the same bytes when nothing is new, and is idempotent', () => {
    fc.assert(
      fc.property(list, entries, (before, added) => {
        const once = uniteList(before, added);
        expect(uniteList(once, added)).toBe(once);
        expect(uniteList(once, listEntries(once) ?? [])).toBe(once);
      }),
    );
  });

  it('has the same entries in any order of additions', () => {
    fc.assert(
      fc.property(list, entries, entries, (before, one, other) => {
        const digests = (united: RawManifest): unknown => new Set(listEntries(united)?.map((e) => e.digest));
        expect(digests(uniteList(uniteList(before, one), other))).toEqual(
          digests(uniteList(uniteList(before, other), one)),
        );
      }),
    );
  });

  it('starts with an empty OCI index', () => {
    expect(json(uniteList(undefined, []))).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
  });
});

describe('listEntries of something else', () => {
  it.each([
    ['an image', makeImage({ seed: 'image', oci: true })],
    ["Docker's kind of index", listOf({ manifests: [] }, DOCKER_LIST)],
    ['an index without manifests', listOf({ schemaVersion: 2 })],
    ['an index with something else in it', listOf({ manifests: [{ digest: 'latest' }] })],
    ['no JSON', { mediaType: OCI_INDEX, bytes: Buffer.from('<html>'), digest: digest(1) }],
  ])('is undefined: %s', (_, manifest) => {
    expect(listEntries(manifest)).toBeUndefined();
  });

  it('throws nothing for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const manifest = { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
        listEntries(manifest);
        readReferrer(manifest);
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        listEntries(listOf(value));
        readReferrer(listOf(value));
      }),
    );
  });
});

describe('readReferrer', () => {
  const subject = makeImage({ seed: 'subject', oci: true });

  it('returns the subject, and an entry with type and annotations', () => {
    const referrer = makeReferrer(subject, { seed: 'sbom', annotations: { 'org.example/key': 'é' } });
    expect(readReferrer(referrer)).toEqual({
      subject: subject.digest,
      entry: {
        mediaType: referrer.mediaType,
        digest: referrer.digest,
        size: referrer.bytes.length,
        artifactType: SBOM,
        annotations: { 'org.example/key': 'é' },
      },
    });
  });

  it.each([undefined, ''])('uses the type of the config when artifactType is %j', (artifactType) => {
    const config = { mediaType: 'application/vnd.example.config', digest: digest(1), size: 2 };
    const content = {
      config,
      layers: [],
      subject: { digest: digest(2) },
      ...(artifactType === '' && { artifactType }),
    };
    expect(readReferrer(makeManifest(subject.mediaType, content, []))?.entry).toMatchObject({
      artifactType: 'application/vnd.example.config',
    });
  });

  it('omits the type of an index without one', () => {
    const content = { manifests: [], subject: { digest: digest(2) } };
    const entryOfIndex = readReferrer(makeManifest(OCI_INDEX, content, []))?.entry;
    expect(entryOfIndex && Object.keys(entryOfIndex).toSorted()).toEqual(['digest', 'mediaType', 'size']);
  });

  it('has no subject when none is named, and is undefined when malformed', () => {
    expect(readReferrer(makeIndex([subject], { oci: true }))?.subject).toBeUndefined();
    expect(readReferrer(makeManifest(OCI_INDEX, { subject: { digest: 'latest' } }, []))).toBeUndefined();
  });
});

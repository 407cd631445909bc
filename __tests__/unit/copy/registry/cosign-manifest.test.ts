import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { compareLists, mergeLists } from '../../../../src/copy/registry/cosign-manifest.ts';
import { digestOf } from '../../../../src/oci/digest.ts';
import { type RawManifest, readManifest } from '../../../../src/oci/manifest.ts';
import { type TestImage, makeCosignSignature, makeImage } from '../../../support/fixtures/images.ts';

const SUBJECT = makeImage({ seed: 'signed' });
const signedBy = (signatures: readonly string[]): TestImage => makeCosignSignature(SUBJECT, { signatures });

const Config = v.object({ rootfs: v.object({ diff_ids: v.array(v.string()) }) });
const SIGNATURE = 'dev.cosignproject.cosign/signature';

function configOf(list: TestImage): Uint8Array {
  const content = readManifest(list);
  const bytes = content.kind === 'image' ? list.blobs.get(content.config.digest) : undefined;
  if (!bytes) throw new Error('The list has no config');
  return bytes;
}

function signaturesIn(list: RawManifest): (string | undefined)[] {
  const content = readManifest(list);
  return content.kind === 'image' ? content.layers.map(({ annotations }) => annotations?.[SIGNATURE]) : [];
}

const signatures = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });

describe('compareLists', () => {
  it('compares the signatures of target and source as sets', () => {
    fc.assert(
      fc.property(signatures, signatures, (atTarget, atSource) => {
        const added = atSource.filter((one) => !atTarget.includes(one));
        const hasOwn = atTarget.some((one) => !atSource.includes(one));
        const comparison = compareLists(signedBy(atTarget), signedBy(atSource));
        expect(comparison.kind).toBe(added.length === 0 ? 'complete' : hasOwn ? 'diverged' : 'outdated');
        const found = comparison.kind === 'diverged' ? comparison.added : [];
        expect(found.map(({ annotations }) => annotations?.[SIGNATURE])).toEqual(hasOwn ? added : []);
      }),
    );
  });

  it('knows nothing about manifests that are not lists of signatures', () => {
    const image = makeImage({ seed: 'image', oci: true });
    expect(compareLists(image, signedBy(['a']))).toEqual({ kind: 'unknown' });
    expect(compareLists(signedBy(['a']), image)).toEqual({ kind: 'unknown' });
  });
});

describe('mergeLists', () => {
  it("adds the source's signatures behind the target's, each once, to the manifest and to its config", () => {
    fc.assert(
      fc.property(signatures, signatures, (atTarget, atSource) => {
        const [target, source] = [signedBy(atTarget), signedBy(atSource)];
        const { manifest, config } = mergeLists(target, source, configOf(target));
        const union = [...new Set([...atTarget, ...atSource])];
        expect(signaturesIn(manifest)).toEqual(union);
        expect(manifest.digest).toBe(digestOf(manifest.bytes));
        const content = readManifest(manifest);
        expect(content).toMatchObject({ config: { digest: digestOf(config), size: config.length } });
        const parsed = v.parse(Config, JSON.parse(Buffer.from(config).toString()));
        expect(parsed.rootfs.diff_ids).toHaveLength(union.length);
        expect(compareLists(manifest, source).kind).toBe('complete');
        expect(compareLists(manifest, target).kind).toBe('complete');
      }),
    );
  });

  it('leaves a config of another form as it is', () => {
    const [target, source] = [signedBy(['a']), signedBy(['b'])];
    const config = Buffer.from('not the config of an image');
    expect(mergeLists(target, source, config).config).toEqual(config);
  });
});

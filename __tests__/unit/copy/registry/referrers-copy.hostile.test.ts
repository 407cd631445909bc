import { describe, expect, it } from 'vitest';
import { referrersTag } from '../../../../src/oci/digest-tags.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import { digest } from '../../../support/fixtures/digests.ts';
import {
  type TestImage,
  describe as descriptor,
  makeImage,
  makeIndex,
  makeReferrer,
  pushImage,
} from '../../../support/fixtures/images.ts';
import {
  MIRROR,
  answerAlways,
  attach,
  copy,
  forget,
  image,
  listAt,
  publish,
  recheck,
  requests,
  restart,
  sbom,
  signature,
  signedSbom,
  source,
  target,
  useMirror,
} from '../../../support/fixtures/referrers-mirror.ts';
import { sendJson } from '../../../support/network/http.ts';

useMirror();

describe('a hostile source', () => {
  const entry = ({ mediaType, bytes }: TestImage): unknown => descriptor(mediaType, bytes);

  it("can't have an image copied as its own referrer, or as a referrer of another image", async () => {
    const other = makeImage({ seed: 'other', oci: true });
    await publish(image, [sbom]);
    await pushImage(source.url, 'img', ['v2'], other);
    const stranger = makeReferrer(other, { seed: 'about another' });
    await pushImage(source.url, 'img', [stranger.digest], stranger);
    answerAlways(source, entry(image), entry(other), entry(stranger), entry(sbom));
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([sbom.digest]);
    for (const one of [other, stranger]) expect(target.store.manifest(MIRROR, one.digest)).toBeUndefined();
  });

  it("can't cause an endless loop with circular referrers", async () => {
    await publish(image, [sbom]);
    await attach(source, sbom, [signedSbom]);
    answerAlways(source, entry(sbom), entry(signedSbom), entry(image));
    await copy(image);
    const asked = source.requests.filter(({ path }) => path.includes('/referrers/'));
    expect(asked.length).toBeLessThan(10);
  });

  it("can't nest referrers without end", async () => {
    await publish(image);
    let subject = image;
    for (let depth = 0; depth < 12; depth += 1) {
      const next = makeReferrer(subject, { seed: `${depth}` });
      await attach(source, subject, [next]);
      subject = next;
    }
    await expect(copy(image)).rejects.toThrow(/nested more than 8 deep/);
    expect(target.store.tags(MIRROR)).not.toContain('v1');
  });

  it("can't list more referrers than the limit", async () => {
    await publish(image);
    const lists = new Map<string, unknown[]>();
    for (let part = 0; part < 2; part += 1) {
      const numbers = Array.from({ length: 6000 }, (_, number) => digest(part * 10_000 + number + 1));
      lists.set(
        part === 0 ? image.digest : sbom.digest,
        numbers.map((one) => ({ mediaType: OCI_MANIFEST, digest: one, size: 1 })),
      );
    }
    await attach(source, image, [sbom]);
    source.intercept = ({ url = '' }, response) => {
      const manifests = lists.get(url.split('/').at(-1) ?? '');
      if (!url.includes('/referrers/') || !manifests) return false;
      const all = url.endsWith(image.digest) ? [entry(sbom), ...manifests] : manifests;
      sendJson(response, 200, { schemaVersion: 2, manifests: all }, { 'content-type': OCI_INDEX });
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/has more than 10000 referrers/);
  });

  it("can't return other content for a digest", async () => {
    await publish(image, [sbom]);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(`/manifests/${sbom.digest}`)) return false;
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(signature.bytes);
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/not the requested one/);
    expect(target.store.tags(MIRROR)).toEqual([]);
  });

  it('that returns the image for its referrers tag, as GitLab does, lists nothing', async () => {
    await restart({ source: false, target: false });
    const index = makeIndex([image, makeImage({ seed: 'arm', oci: true, platform: 'linux/arm64' })], {
      oci: true,
    });
    await publish(index);
    source.store.putManifest('img', referrersTag(index.digest), OCI_INDEX, index.bytes);
    expect(await copy(index)).toMatchObject({ referrers: 0 });
    expect(listAt(target, index)).toBeUndefined();
    forget();
    await recheck(index);
    expect(requests(source)).not.toContain(`GET manifests/${image.digest}`);
  });

  it('may list manifests that it no longer has, or of a type from a draft', async () => {
    await publish(image, [sbom]);
    const draft = { ...descriptor('application/vnd.oci.artifact.manifest.v1+json', Buffer.from('draft')) };
    answerAlways(source, entry(signature), draft, entry(sbom));
    expect((await copy(image)).referrers).toBe(1);
    expect(requests(source).some((request) => request.includes(draft.digest))).toBe(false);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyTask } from '../../../../src/copy/engine.ts';
import { referrersTag } from '../../../../src/oci/digest-tags.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  SBOM,
  SIGNATURE,
  describe as descriptor,
  makeManifest,
  makeReferrer,
  makeReferrersList,
  pushImage,
} from '../../../support/fixtures/images.ts';
import {
  type Run,
  MIRROR,
  Session,
  answerAlways,
  attach,
  copy,
  forget,
  found,
  image,
  listAt,
  publish,
  recheck,
  requests,
  restart,
  sbom,
  signature,
  source,
  target,
  useMirror,
} from '../../../support/fixtures/referrers-mirror.ts';

useMirror();

describe('the list at a target without the API', () => {
  const own = makeReferrer(image, { seed: "the mirror's own", artifactType: SIGNATURE });

  it('keeps the entries of other clients unchanged', async () => {
    await publish(image, [sbom]);
    await pushImage(target.url, MIRROR, [own.digest], own);
    const before = { ...descriptor(OCI_MANIFEST, own.bytes), artifactType: SIGNATURE, 'x-unknown': [1] };
    const list = makeManifest(
      OCI_INDEX,
      { schemaVersion: 2, manifests: [before], annotations: { a: 'b' } },
      [],
    );
    target.store.putManifest(MIRROR, referrersTag(image.digest), OCI_INDEX, list.bytes);
    await copy(image);
    const stored = target.store.manifest(MIRROR, referrersTag(image.digest));
    expect(JSON.parse(Buffer.from(stored?.bytes ?? []).toString())).toEqual({
      schemaVersion: 2,
      annotations: { a: 'b' },
      manifests: [
        before,
        {
          ...descriptor(OCI_MANIFEST, sbom.bytes),
          artifactType: SBOM,
          annotations: { 'org.example/tool': 'é' },
        },
      ],
    });
  });

  it('is not written when nothing changes', async () => {
    await publish(image, [sbom]);
    await copy(image);
    forget();
    await copy(image);
    expect(requests(target, 'PUT')).not.toContain(`PUT manifests/${referrersTag(image.digest)}`);
  });

  it('loses no entry when several copies change it at once', async () => {
    const many = Array.from({ length: 12 }, (_, number) => makeReferrer(image, { seed: `${number}` }));
    await publish(image);
    const session = new Session();
    // Each sees one more referrer at the source than the one before.
    const copies = many.map(async (one, number) => {
      await attach(source, image, [one]);
      return session.copy(image, { tags: [`v${number}`] });
    });
    const counts = (await Promise.all(copies)).map(({ referrers }) => referrers);
    expect(new Set(listAt(target, image)?.map((one) => one.digest))).toEqual(
      new Set(many.map((one) => one.digest)),
    );
    expect(counts.reduce((a, b) => a + b)).toBe(12);
  });

  it('keeps the entry of another client that wrote at the same time', async () => {
    await publish(image, [sbom]);
    await pushImage(target.url, MIRROR, [own.digest], own);
    let writes = 0;
    target.intercept = ({ method, url = '' }) => {
      // Another client has read the list before, and writes its own right after.
      if (method === 'HEAD' && url.endsWith(referrersTag(image.digest)) && (writes += 1) === 1)
        target.store.putManifest(
          MIRROR,
          referrersTag(image.digest),
          OCI_INDEX,
          makeReferrersList([own]).bytes,
        );
      return false;
    };
    await copy(image);
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([own.digest, sbom.digest]);
    expect(writes).toBe(2);
  });

  it('is an error when it changes after each write', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith(referrersTag(image.digest))) return false;
      response.writeHead(201).end();
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/changes after each write/);
    expect(target.store.tags(MIRROR)).toEqual([]);
  });

  it('is not written when its tag names another manifest', async () => {
    await publish(image, [sbom]);
    await pushImage(target.url, MIRROR, [referrersTag(image.digest)], own);
    await expect(copy(image)).rejects.toThrow(/list of an image's referrers, is another manifest/);
    expect(target.store.manifest(MIRROR, referrersTag(image.digest))?.digest).toBe(own.digest);
  });

  it('is an error where the registry treats its tag as a digest, as GitLab does', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method, url = '' }, response) => {
      const found = target.store.manifest(MIRROR, image.digest);
      if (method !== 'GET' || !url.endsWith(referrersTag(image.digest)) || !found) return false;
      response.writeHead(200, { 'content-type': found.mediaType }).end(found.bytes);
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/treats its tag as a digest/);
  });

  it('is an error when it would be larger than registries take', async () => {
    const annotations = { text: 'x'.repeat(1_500_000) };
    const large = [1, 2, 3].map((n) => makeReferrer(image, { seed: `${n}`, annotations }));
    await publish(image, large);
    await expect(copy(image)).rejects.toThrow(/would be too large/);
    await restart({ source: true, target: false });
    await publish(image, large.slice(1));
    const [first = image] = large;
    const entry = { ...descriptor(OCI_MANIFEST, first.bytes), annotations };
    const list = makeManifest(OCI_INDEX, { manifests: [entry] }, []);
    target.store.putManifest(MIRROR, referrersTag(image.digest), OCI_INDEX, list.bytes);
    await expect(copy(image)).rejects.toThrow(/would be larger than 4 MiB/);
    expect(target.store.manifest(MIRROR, referrersTag(image.digest))?.digest).toBe(list.digest);
  });
});

describe('the API of a target', () => {
  it('is not assumed when only OCI-Subject is sent, as ECR did', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method }, response) => {
      if (method === 'PUT') response.setHeader('oci-subject', image.digest);
      return false;
    };
    await copy(image);
    expect(listAt(target, image)).toHaveLength(1);
  });

  it('is not assumed when only every path is answered with a list', async () => {
    await publish(image, [sbom]);
    answerAlways(target);
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)).toHaveLength(1);
    expect((await recheck(image)).referrers).toBe(0);
  });

  it('makes a list under a tag unnecessary', async () => {
    await restart({ source: true, target: true });
    await publish(image, [sbom]);
    await copy(image);
    expect(target.store.tags(MIRROR)).toEqual(['v1']);
  });
});

describe('a list that the source keeps under a tag', () => {
  const tag = referrersTag(image.digest);
  const copyTag = async (session = new Session(), platforms: CopyTask['platforms'] = 'all'): Promise<Run> => {
    const stored = source.store.manifest('img', tag);
    const list = makeManifest(OCI_INDEX, JSON.parse(Buffer.from(stored?.bytes ?? []).toString()), []);
    return session.copy({ ...list, digest: stored?.digest ?? list.digest }, { tags: [tag], platforms });
  };

  beforeEach(async () => restart({ source: false, target: false }));

  it('is mirrored byte for byte, with its manifests', async () => {
    await publish(image, [sbom, signature]);
    const { held, referrers } = await copyTag();
    const stored = source.store.manifest('img', tag);
    expect(held).toEqual(new Map([[tag, { digest: stored?.digest }]]));
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(stored?.digest);
    expect(referrers).toBe(2);
    expect(await found(target, image)).toEqual(await found(source, image));
  });

  it("does not remove other entries of the target's list", async () => {
    const own = makeReferrer(image, { seed: "the mirror's own", artifactType: SIGNATURE });
    await publish(image, [sbom]);
    await attach(target, image, [own]);
    const { held } = await copyTag();
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([own.digest, sbom.digest]);
    expect(held.get(tag)?.digest).toBe(target.store.manifest(MIRROR, tag)?.digest);
    forget();
    expect((await copyTag()).referrers).toBe(0);
    expect(requests(target, 'PUT')).not.toContain(`PUT manifests/${tag}`);
  });

  it('is mirrored at the same time as the image, and each referrer counts once', async () => {
    await publish(image, [sbom, signature]);
    const session = new Session();
    const runs = await Promise.all([copyTag(session), session.copy(image)]);
    expect(runs.reduce((sum, { referrers }) => sum + referrers, 0)).toBe(2);
    expect(await found(target, image)).toEqual(await found(source, image));
  });

  it('does not replace a list with the same manifests and more details', async () => {
    await publish(image, [sbom]);
    const entry = { ...descriptor(OCI_MANIFEST, sbom.bytes), artifactType: SBOM };
    await attach(target, image, [sbom]);
    const list = makeManifest(OCI_INDEX, { schemaVersion: 2, manifests: [entry] }, []);
    target.store.putManifest(MIRROR, tag, OCI_INDEX, list.bytes);
    const { held } = await copyTag();
    expect(held.get(tag)).toEqual({ digest: list.digest });
    expect(requests(target, 'PUT')).not.toContain(`PUT manifests/${tag}`);
  });

  it('is mirrored without entries whose manifest the source no longer has', async () => {
    const deleted = makeReferrer(image, { seed: 'deleted' });
    await publish(image, [sbom]);
    source.store.putManifest('img', tag, OCI_INDEX, makeReferrersList([deleted, sbom]).bytes);
    expect((await copyTag()).referrers).toBe(1);
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([sbom.digest]);
    expect((await copy(image)).held.size).toBe(1);
  });

  it('is read where the API lists nothing, as after the API was enabled', async () => {
    await publish(image, [sbom]);
    answerAlways(source);
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)).toHaveLength(1);
  });

  it('is not requested when the source has no such tag', async () => {
    await publish(image);
    await copy(image);
    expect(requests(source).filter((request) => request.includes('sha256-'))).toEqual([]);
  });
});

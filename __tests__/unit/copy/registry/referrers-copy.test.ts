import { setTimeout } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { referrersTag } from '../../../../src/oci/digest-tags.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import {
  SBOM,
  SIGNATURE,
  cosignTag,
  describe as descriptor,
  makeCosignSignature,
  makeImage,
  makeIndex,
  makeManifest,
  makeReferrer,
  pushImage,
} from '../../../support/fixtures/images.ts';
import {
  MIRROR,
  Session,
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
  signedSbom,
  source,
  target,
  useMirror,
} from '../../../support/fixtures/referrers-mirror.ts';
import { discover } from '../../../support/fixtures/referrers.ts';
import { refuse } from '../../../support/registries/memory-registry.ts';

useMirror();

describe.each([
  { source: true, target: true },
  { source: true, target: false },
  { source: false, target: true },
  { source: false, target: false },
])('from a source with the API: $source, to a target with the API: $target', (apis) => {
  beforeEach(async () => restart(apis));

  it('clients find the same referrers at the mirror as at the source, by type too', async () => {
    await publish(image, [sbom, signature]);
    await attach(source, sbom, [signedSbom]);
    const { held, referrers, bytes } = await copy(image);
    expect(held).toEqual(new Map([['v1', { digest: image.digest }]]));
    expect(referrers).toBe(3);
    const blobs = new Map([image, sbom, signature, signedSbom].flatMap((one) => Array.from(one.blobs)));
    expect(bytes).toBe(Array.from(blobs.values()).reduce((sum, { length }) => sum + length, 0));
    expect((await found(source, image)).size).toBe(2);
    expect(await found(target, image)).toEqual(await found(source, image));
    expect(await found(target, sbom)).toEqual(await found(source, sbom));
    expect(Array.from((await found(target, image, SBOM)).keys())).toEqual([sbom.digest]);
    expect(Array.from((await found(target, image, SIGNATURE)).keys())).toEqual([signature.digest]);
    const [first] = await discover(target.url, MIRROR, image.digest, SBOM);
    expect(first?.annotations).toEqual({ 'org.example/tool': 'é' });
  });

  it('referrers are written after the image and before its tag', async () => {
    await publish(image, [sbom, signature]);
    await copy(image);
    const puts = requests(target, 'PUT').filter((put) => put.includes('manifests/'));
    expect(puts[0]).toBe(`PUT manifests/${image.digest}`);
    expect(puts.at(-1)).toBe('PUT manifests/v1');
    expect(puts.indexOf(`PUT manifests/${sbom.digest}`)).toBeGreaterThan(0);
  });

  it('a recheck without new referrers costs one request at the source and one at the target', async () => {
    await publish(image, [signature]);
    const session = new Session();
    await session.copy(image);
    forget();
    expect(await session.copy(image, { tags: [] })).toMatchObject({ bytes: 0, referrers: 0 });
    const place = apis.source ? `referrers/${image.digest}` : `manifests/${referrersTag(image.digest)}`;
    expect(requests(source)).toEqual([`GET ${place}`]);
    const mirror = apis.target ? `referrers/${image.digest}` : `manifests/${referrersTag(image.digest)}`;
    expect(requests(target)).toEqual([`GET ${mirror}`]);
  });

  it('a recheck of an image without referrers costs no request at the target', async () => {
    await publish(image);
    await copy(image);
    forget();
    await recheck(image);
    expect(requests(source)).toEqual([`GET referrers/${image.digest}`]);
    expect(requests(target)).toEqual([]);
  });

  it('a recheck copies later referrers, also those of referrers', async () => {
    await publish(image, [sbom]);
    await copy(image);
    await attach(source, image, [signature]);
    await attach(source, sbom, [signedSbom]);
    forget();
    expect((await recheck(image)).referrers).toBe(2);
    expect(await found(target, image)).toEqual(await found(source, image));
    expect(await found(target, sbom)).toEqual(await found(source, sbom));
    expect(requests(target, 'PUT').some((put) => put.includes('v1') || put.includes(sbom.digest))).toBe(
      false,
    );
    expect(await recheck(image)).toMatchObject({ bytes: 0, referrers: 0 });
  });

  it('referrers are copied after an earlier copy failed half-way', async () => {
    await publish(image, [sbom]);
    await attach(source, sbom, [signedSbom]);
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith(signedSbom.digest)) return false;
      response.writeHead(400).end();
      return true;
    };
    await expect(copy(image)).rejects.toThrow(signedSbom.digest);
    expect(target.store.tags(MIRROR)).not.toContain('v1');
    delete target.intercept;
    await copy(image);
    expect(await found(target, sbom)).toEqual(await found(source, sbom));
    expect(target.store.tags(MIRROR)).toContain('v1');
  });
});

describe('an index', () => {
  const [amd64, arm64] = [
    makeImage({ seed: 'amd64', oci: true }),
    makeImage({ seed: 'arm64', oci: true, platform: 'linux/arm64' }),
  ];
  const index = makeIndex([amd64, arm64], { oci: true });
  const about = new Map(
    [index, amd64, arm64].map((one) => [
      one,
      makeReferrer(one, { seed: one.digest, artifactType: SIGNATURE }),
    ]),
  );

  beforeEach(async () => {
    await publish(index);
    for (const [subject, referrer] of about) await attach(source, subject, [referrer]);
  });

  it('is copied with its referrers and those of its images', async () => {
    expect((await copy(index)).referrers).toBe(3);
    for (const subject of about.keys())
      expect(await found(target, subject)).toEqual(await found(source, subject));
    expect((await recheck(index)).referrers).toBe(0);
  });

  it('that is reduced is copied with the referrers of the remaining images', async () => {
    const platforms = ['linux/arm64'];
    forget();
    const { held, referrers } = await copy(index, { platforms });
    expect(held.get('v1')).toMatchObject({ platforms });
    expect(referrers).toBe(1);
    const asked = requests(source).filter((request) => request.includes('referrers/'));
    expect(asked).toEqual([`GET referrers/${arm64.digest}`]);
    expect(await found(target, arm64)).toEqual(await found(source, arm64));
    expect(await found(target, index)).toEqual(new Map());
    await attach(source, arm64, [makeReferrer(arm64, { seed: 'later' })]);
    await attach(source, amd64, [makeReferrer(amd64, { seed: 'later' })]);
    expect((await recheck(index, { platforms })).referrers).toBe(1);
    expect(await found(target, arm64)).toEqual(await found(source, arm64));
  });

  it('in an index is copied with the referrers of its content', async () => {
    const outer = makeIndex([index], { oci: true });
    await publish(outer);
    expect((await copy(outer)).referrers).toBe(3);
    expect((await recheck(outer)).referrers).toBe(0);
  });
});

describe("cosign's tags for images inside an index, which the filters do not match", () => {
  const inner = makeImage({ seed: 'inner', oci: true });
  const index = makeIndex([inner], { oci: true });
  const tag = cosignTag(inner);
  const tags = new Set([tag, cosignTag(inner, 'att'), cosignTag(image)]);
  const referrers = { sourceTags: tags, unmatchedDigestTags: tags };

  beforeEach(async () => {
    await publish(index);
    await pushImage(source.url, 'img', [tag, cosignTag(image)], makeCosignSignature(inner));
    await pushImage(source.url, 'img', [cosignTag(inner, 'att')], makeCosignSignature(index));
  });

  it('are copied with the index, before its tags', async () => {
    expect((await copy(index, { referrers })).referrers).toBe(2);
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(makeCosignSignature(inner).digest);
    expect(target.store.tags(MIRROR)).toEqual([cosignTag(inner, 'att'), tag, 'v1'].toSorted());
    const puts = requests(target, 'PUT').filter((put) => put.includes('manifests/'));
    expect(puts.at(-1)).toBe('PUT manifests/v1');
  });

  it('are copied when they appear or change later, and only then', async () => {
    await copy(index, { referrers });
    forget();
    expect(await recheck(index, { referrers })).toMatchObject({ bytes: 0, referrers: 0 });
    // The index is read at the target, which costs no pull at the source.
    expect(requests(target).map((request) => request.split(' ')[0])).toEqual(['GET', 'HEAD', 'HEAD']);
    const next = makeCosignSignature(inner, { signatures: ['MEUCIQ==', 'a second signature'] });
    await pushImage(source.url, 'img', [tag], next);
    expect((await recheck(index, { referrers })).referrers).toBe(1);
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(next.digest);
  });
});

describe('a referrer', () => {
  it("that fails prevents its image's tags from being written", async () => {
    await publish(image, [sbom, signature]);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(`/manifests/${signature.digest}`)) return false;
      response.writeHead(403).end();
      return true;
    };
    await expect(copy(image)).rejects.toThrow(signature.digest);
    expect(target.store.tags(MIRROR)).not.toContain('v1');
  });

  it('is copied with an image whose tag the target has and does not let change', async () => {
    await publish(image);
    const session = new Session();
    await session.copy(image);
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith('/manifests/v1')) return false;
      refuse(response, 400, 'TAG_INVALID', 'the tag can not change');
      return true;
    };
    // It is told by a refusal, and asked before from then on.
    for (const referrer of [sbom, signature]) {
      await attach(source, image, [referrer]);
      const { held, referrers } = await session.copy(image);
      expect([held.get('v1'), referrers]).toEqual([{ digest: image.digest }, 1]);
    }
    expect(await found(target, image)).toEqual(await found(source, image));
    expect(requests(target, 'PUT').filter((put) => put.endsWith('/v1'))).toHaveLength(2);
  });

  it('may be an index with children', async () => {
    const part = makeManifest(
      OCI_MANIFEST,
      { schemaVersion: 2, config: descriptor('application/json', Buffer.from('{}')), layers: [] },
      [Buffer.from('{}')],
    );
    const content = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      artifactType: SBOM,
      manifests: [descriptor(part.mediaType, part.bytes)],
      subject: descriptor(image.mediaType, image.bytes),
    };
    const bundle = { ...makeManifest(OCI_INDEX, content, []), children: [part] };
    await publish(image, [bundle]);
    expect((await copy(image)).referrers).toBe(1);
    expect(target.store.manifest(MIRROR, part.digest)).toBeDefined();
    expect(listAt(target, image)).toEqual([{ ...descriptor(OCI_INDEX, bundle.bytes), artifactType: SBOM }]);
  });

  it('is looked up only when it is wanted', async () => {
    await publish(image, [sbom]);
    expect(await copy(image, {}, false)).toMatchObject({
      referrers: 0,
      held: new Map([['v1', { digest: image.digest }]]),
    });
    expect(requests(source).filter((request) => request.includes('/referrers/'))).toEqual([]);
    expect(target.store.tags(MIRROR)).toEqual(['v1']);
  });

  it('of a digest tag is not looked up', async () => {
    await publish(image, [sbom]);
    await copy(image, { tags: [`${referrersTag(image.digest)}.sig`] });
    expect(requests(source).filter((request) => request.includes('/referrers/'))).toEqual([]);
  });
});

describe('a target that loses referrers which it has acknowledged', () => {
  const referrers = Array.from({ length: 4 }, (_, number) =>
    makeReferrer(image, { seed: `lossy ${number}` }),
  );

  it.each([
    ['of concurrent pushes', 'concurrent'],
    ['of the first push', 1],
    ['of every push', Infinity],
  ] as const)('%s lets clients find them all before the tag is written', async (_, losesReferrers) => {
    await restart({ source: true, target: true }, { losesReferrers });
    await publish(image, referrers);
    let findable: string[] = [];
    target.intercept = async ({ method, url = '' }) => {
      if (method === 'PUT' && url.endsWith('/manifests/v1')) findable = await findableAtTarget();
      return false;
    };
    expect((await copy(image)).referrers).toBe(4);
    expect(findable).toEqual(referrers.map(({ digest }) => digest).toSorted());
    forget();
    expect((await recheck(image)).referrers).toBe(0);
    expect(requests(target, 'PUT', 'POST')).toEqual([]);
  });

  it('is sent the referrers of one subject one after another', async () => {
    await restart({ source: true, target: true });
    await publish(image, referrers);
    let [running, most] = [0, 0];
    target.intercept = async ({ method, url = '' }) => {
      if (method !== 'PUT' || !referrers.some(({ digest }) => url.endsWith(digest))) return false;
      most = Math.max(most, (running += 1));
      await setTimeout(10);
      running -= 1;
      return false;
    };
    await copy(image);
    expect(most).toBe(1);
  });

  /** The referrers that clients find with the API or the tag. */
  async function findableAtTarget(): Promise<string[]> {
    const listed = Array.from((await found(target, image)).keys());
    return [...listed, ...(listAt(target, image) ?? []).map(({ digest }) => digest)].toSorted();
  }
});

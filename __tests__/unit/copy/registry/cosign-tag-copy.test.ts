import { beforeEach, describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { digestOf } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-types.ts';
import type { CopyTask } from '../../../../src/copy/engine.ts';
import { type TestObserver, observe, startCopying, taskOf } from '../../../support/fixtures/copying.ts';
import {
  type TestImage,
  cosignTag,
  describe as descriptor,
  makeCosignSignature,
  makeImage,
  makeIndex,
  makeManifest,
  pushImage,
} from '../../../support/fixtures/images.ts';
import { source, target, useRegistryPair } from '../../../support/fixtures/registry-pair.ts';

const MIRROR = 'mirror/img';
const image = makeImage({ seed: 'signed', oci: true });
const index = makeIndex([image], { oci: true });
const tag = cosignTag(image);
const sign = (...signatures: string[]): TestImage => makeCosignSignature(image, { signatures });

useRegistryPair();

/** Copies the tag as work of its own. */
async function copyTag(
  signature: TestImage,
  name = tag,
  options: Partial<CopyTask> = {},
): Promise<TestObserver> {
  await pushImage(source.url, 'img', [name], signature);
  const copying = startCopying(source, target);
  const observer = observe();
  const task = taskOf(copying, 'img', signature, { tags: [name] });
  await copying.engine.copy({ ...task, ...options }, observer);
  return observer;
}

/** Looks for new referrers of an index that is mirrored, whose cosign tags no filter matches. */
async function recheck(): Promise<TestObserver> {
  const copying = startCopying(source, target);
  const observer = observe();
  const tags = new Set([tag]);
  const referrers = { sourceTags: tags, unmatchedDigestTags: tags };
  await copying.engine.copy({ ...taskOf(copying, 'img', index, { tags: [] }), referrers }, observer);
  return observer;
}

const Content = v.object({
  config: v.object({ digest: v.string() }),
  layers: v.array(v.object({ digest: v.string(), annotations: v.record(v.string(), v.string()) })),
});

/** The signatures that a client finds at the mirror, each with its payload. */
function signaturesAt(name = tag): (string | undefined)[] {
  const stored = target.store.manifest(MIRROR, name);
  const { config, layers } = v.parse(Content, JSON.parse(Buffer.from(stored?.bytes ?? []).toString()));
  const bytes = target.store.blob(MIRROR, config.digest);
  const { rootfs } = v.parse(
    v.object({ rootfs: v.object({ diff_ids: v.array(v.string()) }) }),
    JSON.parse(Buffer.from(bytes ?? []).toString()),
  );
  expect(rootfs.diff_ids).toEqual(layers.map(({ digest }) => digest));
  for (const { digest } of layers) expect(target.store.blob(MIRROR, digest)).toBeDefined();
  return layers.map(({ annotations }) => annotations['dev.cosignproject.cosign/signature']);
}

describe("the signatures of the mirror's owner", () => {
  const own = sign('own');

  beforeEach(async () => {
    await pushImage(target.url, MIRROR, [tag], own);
    await pushImage(target.url, MIRROR, ['v1'], index);
    await pushImage(source.url, 'img', ['v1'], index);
  });

  it('are kept when the source has others, which are added', async () => {
    const { verified, kept } = await copyTag(sign('upstream'));
    expect(signaturesAt()).toEqual(['own', 'upstream']);
    expect(verified.get(tag)?.digest).toBe(target.store.manifest(MIRROR, tag)?.digest);
    expect(kept).toEqual([]);
  });

  it('are kept at each recheck, and nothing is written when nothing is new', async () => {
    await pushImage(source.url, 'img', [tag], sign('upstream'));
    expect((await recheck()).referrers).toBe(1);
    expect(signaturesAt()).toEqual(['own', 'upstream']);
    target.requests.length = 0;
    expect((await recheck()).referrers).toBe(0);
    expect(target.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
    await pushImage(source.url, 'img', [tag], sign('upstream', 'later'));
    expect((await recheck()).referrers).toBe(1);
    expect(signaturesAt()).toEqual(['own', 'upstream', 'later']);
  });

  it('are replaced byte for byte by a list that contains them', async () => {
    const both = sign('own', 'upstream');
    const { verified } = await copyTag(both);
    expect(verified.get(tag)).toEqual({ digest: both.digest });
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(both.digest);
  });

  it('stay as they are when they contain those of the source', async () => {
    const both = sign('own', 'upstream');
    await pushImage(target.url, MIRROR, [tag], both);
    target.requests.length = 0;
    const { verified } = await copyTag(sign('upstream'));
    expect(verified.get(tag)).toEqual({ digest: both.digest });
    expect(target.requests.some(({ method }) => method === 'PUT' || method === 'POST')).toBe(false);
  });
});

it('signatures that this mirror has copied follow the source', async () => {
  const before = sign('old key');
  await copyTag(before);
  const after = sign('new key');
  const { verified } = await copyTag(after, tag, { mirrored: new Map([[tag, before.digest]]) });
  expect(verified.get(tag)).toEqual({ digest: after.digest });
  expect(signaturesAt()).toEqual(['new key']);
});

it("the target's own SBOM, which can't be merged, is kept and reported", async () => {
  const sbomTag = cosignTag(image, 'sbom');
  const make = (text: string): TestImage => {
    const [config, sbom] = [Buffer.from('{}'), Buffer.from(text)];
    const content = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('text/spdx+json', sbom)],
    };
    return makeManifest(OCI_MANIFEST, content, [config, sbom]);
  };
  const own = make('own');
  await pushImage(target.url, MIRROR, [sbomTag], own);
  const { kept, verified } = await copyTag(make('upstream'), sbomTag);
  expect(kept).toEqual([sbomTag]);
  expect(verified.get(sbomTag)).toEqual({ digest: own.digest });
  expect(target.store.manifest(MIRROR, sbomTag)?.digest).toBe(own.digest);
  expect(target.store.blob(MIRROR, digestOf(Buffer.from('upstream')))).toBeUndefined();
});

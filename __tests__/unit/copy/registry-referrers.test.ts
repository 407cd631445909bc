import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopyTask, Held } from '../../../src/copy/engine.ts';
import { RegistryEngine } from '../../../src/copy/registry/engine.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { entriesOf, referrersTag, uniteList } from '../../../src/oci/referrers-list.ts';
import { testRegistries } from '../../support/clients.ts';
import { digest } from '../../support/digests.ts';
import { sendJson } from '../../support/http.ts';
import {
  SBOM,
  SIGNATURE,
  type TestImage,
  cosignTag,
  describe as descriptor,
  makeCosignSignature,
  makeImage,
  makeIndex,
  makeManifest,
  makeReferrer,
  makeReferrersList,
  pushImage,
} from '../../support/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/memory-registry.ts';
import { discover } from '../../support/referrers.ts';

const MIRROR = 'mirror/img';

const image = makeImage({ seed: 'signed', oci: true });
const sbom = makeReferrer(image, { seed: 'sbom', annotations: { 'org.example/tool': 'é' } });
const signature = makeReferrer(image, { seed: 'signature', artifactType: SIGNATURE });
const signedSbom = makeReferrer(sbom, { seed: 'of the sbom', artifactType: SIGNATURE });

let source: MemoryRegistry;
let target: MemoryRegistry;

async function start(apis: { readonly source: boolean; readonly target: boolean }): Promise<void> {
  source = await startMemoryRegistry(apis.source ? { referrers: 2 } : {});
  target = await startMemoryRegistry(apis.target ? { referrers: 2 } : {});
}

beforeEach(async () => start({ source: true, target: false }));
afterEach(async () => {
  await Promise.all([source.close(), target.close()]);
});

async function restart(apis: { readonly source: boolean; readonly target: boolean }): Promise<void> {
  await Promise.all([source.close(), target.close()]);
  await start(apis);
}

/** What one run copied. */
interface Run {
  readonly held: Map<string, Held>;
  readonly bytes: number;
  readonly referrers: number;
}

/** A run: what is known of the registries stays for all its tasks. */
class Session {
  readonly #registries = testRegistries();
  readonly #engine = new RegistryEngine({
    concurrency: 4,
    streams: 10,
    retries: 1,
    sleep: async () => {},
    random: () => 0.5,
  });

  /** @param wants whether what refers to the image is wanted */
  async copy(image: TestImage, given: Partial<CopyTask> = {}, wants = true): Promise<Run> {
    const held = new Map<string, Held>();
    let referrers = 0;
    const task: CopyTask = {
      source: {
        client: this.#registries.source(source.host),
        repository: 'img',
        digest: image.digest,
        mediaType: image.mediaType,
      },
      target: { client: this.#registries.target(target.host), repository: MIRROR },
      tags: ['v1'],
      platforms: 'all',
      pulls: 1,
      present: false,
      claim: async () => {},
      ...(wants && {
        referrers: { sourceTags: new Set(source.store.tags('img')), leftTags: new Set<string>() },
      }),
      ...given,
    };
    const tell = (tag: string, what: Held): void => void held.set(tag, what);
    const bytes = await this.#engine.copy(task, tell, (count) => (referrers += count));
    return { held, bytes, referrers };
  }
}

async function copy(image: TestImage, given?: Partial<CopyTask>, wants?: boolean): Promise<Run> {
  return new Session().copy(image, given, wants);
}

/** Looks for what is new about an image that the mirror has. */
async function recheck(image: TestImage, given: Partial<CopyTask> = {}): Promise<Run> {
  return copy(image, { tags: [], ...given });
}

/** Pushes `image` and what refers to it, and keeps the lists of that under their tags where the source has no API. */
async function publish(image: TestImage, referrers: readonly TestImage[] = []): Promise<void> {
  await pushImage(source.url, 'img', ['v1'], image);
  await attach(source, image, referrers);
}

async function attach(
  to: MemoryRegistry,
  subject: TestImage,
  referrers: readonly TestImage[],
): Promise<void> {
  const repository = to === source ? 'img' : MIRROR;
  const hasApi = (await fetch(`${to.url}/v2/${repository}/referrers/${subject.digest}`)).status === 200;
  for (const one of referrers) await pushImage(to.url, repository, [one.digest], one);
  if (hasApi || referrers.length === 0) return;
  const stored = to.store.manifest(repository, referrersTag(subject.digest));
  const entries = entriesOf(makeReferrersList(referrers)) ?? [];
  const { bytes } = uniteList(stored, entries);
  to.store.putManifest(repository, referrersTag(subject.digest), OCI_INDEX, bytes);
}

/** What a client finds: at the mirror it must be what it finds at the source, but for what only an API adds. */
async function found(
  at: MemoryRegistry,
  subject: TestImage,
  artifactType?: string,
): Promise<Map<string, Buffer[]>> {
  const list = await discover(at.url, at === source ? 'img' : MIRROR, subject.digest, artifactType);
  return new Map(
    list
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      .map(({ digest, manifest, blobs }) => [digest, [manifest, ...blobs]]),
  );
}

function requests(at: MemoryRegistry, ...methods: string[]): string[] {
  return at.requests
    .filter(({ method }) => methods.length === 0 || methods.includes(method))
    .map(({ method, path }) => `${method} ${path.replace(/^\/v2\/(?:img|mirror\/img)\//, '')}`);
}

function forget(): void {
  source.requests.length = 0;
  target.requests.length = 0;
}

const listAt = (
  at: MemoryRegistry,
  subject: TestImage,
): readonly { readonly digest: Digest }[] | undefined => {
  const stored = at.store.manifest(at === source ? 'img' : MIRROR, referrersTag(subject.digest));
  return stored && entriesOf(stored);
};

describe.each([
  { source: true, target: true },
  { source: true, target: false },
  { source: false, target: true },
  { source: false, target: false },
])('from a source with the API: $source, to a target with the API: $target', (apis) => {
  beforeEach(async () => restart(apis));

  it('all that refers to an image is found at the mirror as at the source, by its type too', async () => {
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

  it('is there before the tag, and after the image', async () => {
    await publish(image, [sbom, signature]);
    await copy(image);
    const puts = requests(target, 'PUT').filter((put) => put.includes('manifests/'));
    expect(puts[0]).toBe(`PUT manifests/${image.digest}`);
    expect(puts.at(-1)).toBe('PUT manifests/v1');
    expect(puts.indexOf(`PUT manifests/${sbom.digest}`)).toBeGreaterThan(0);
  });

  it('is not copied again: a request at the source and one at the target say that nothing is new', async () => {
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

  it('costs no request at the target where nothing refers to an image', async () => {
    await publish(image);
    await copy(image);
    forget();
    await recheck(image);
    expect(requests(source)).toEqual([`GET referrers/${image.digest}`]);
    expect(requests(target)).toEqual([]);
  });

  it('is found when it comes later, also about what the mirror has already', async () => {
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

  it('is copied though it failed half-way before', async () => {
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

  it('comes with what refers to it and to each of its images', async () => {
    expect((await copy(index)).referrers).toBe(3);
    for (const subject of about.keys())
      expect(await found(target, subject)).toEqual(await found(source, subject));
    expect((await recheck(index)).referrers).toBe(0);
  });

  it('that is reduced comes with what refers to the images that are kept', async () => {
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

  it('in an index comes with what refers to what is in it', async () => {
    const outer = makeIndex([index], { oci: true });
    await publish(outer);
    expect((await copy(outer)).referrers).toBe(3);
    expect((await recheck(outer)).referrers).toBe(0);
  });
});

describe("cosign's tags of images inside of an index, which the filters leave without one of their own", () => {
  const inner = makeImage({ seed: 'inner', oci: true });
  const index = makeIndex([inner], { oci: true });
  const tag = cosignTag(inner);
  const tags = new Set([tag, cosignTag(inner, 'att'), cosignTag(image)]);
  const referrers = { sourceTags: tags, leftTags: tags };

  beforeEach(async () => {
    await publish(index);
    await pushImage(source.url, 'img', [tag, cosignTag(image)], makeCosignSignature(inner));
    await pushImage(source.url, 'img', [cosignTag(inner, 'att')], makeCosignSignature(index));
  });

  it('come with the index, before its tags', async () => {
    expect((await copy(index, { referrers })).referrers).toBe(2);
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(makeCosignSignature(inner).digest);
    expect(target.store.tags(MIRROR)).toEqual([cosignTag(inner, 'att'), tag, 'v1'].toSorted());
    const puts = requests(target, 'PUT').filter((put) => put.includes('manifests/'));
    expect(puts.at(-1)).toBe('PUT manifests/v1');
  });

  it('are found when they come later or change, and are not copied again', async () => {
    await copy(index, { referrers });
    forget();
    expect(await recheck(index, { referrers })).toMatchObject({ bytes: 0, referrers: 0 });
    expect(requests(target).map((request) => request.split(' ')[0])).toEqual(['HEAD', 'HEAD']);
    const next = makeCosignSignature(image);
    await pushImage(source.url, 'img', [tag], next);
    expect((await recheck(index, { referrers })).referrers).toBe(1);
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(next.digest);
  });
});

describe('the list at a target without the API', () => {
  const own = makeReferrer(image, { seed: "the mirror's own", artifactType: SIGNATURE });

  it('keeps what others have put there, as it stands', async () => {
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

  it('loses nothing when several write to it at once', async () => {
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

  it('has the entry of another client that wrote at the same moment', async () => {
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

  it('is given up when it never stays as it is written', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method, url = '' }, response) => {
      if (method !== 'PUT' || !url.endsWith(referrersTag(image.digest))) return false;
      response.writeHead(201).end();
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/does not stay as it is written/);
    expect(target.store.tags(MIRROR)).toEqual([]);
  });

  it('is left alone when its tag names something else', async () => {
    await publish(image, [sbom]);
    await pushImage(target.url, MIRROR, [referrersTag(image.digest)], own);
    await expect(copy(image)).rejects.toThrow(/list of what refers to an image, is something else/);
    expect(target.store.manifest(MIRROR, referrersTag(image.digest))?.digest).toBe(own.digest);
  });

  it('can not be where the registry takes its tag for a digest, as GitLab does', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method, url = '' }, response) => {
      const found = target.store.manifest(MIRROR, image.digest);
      if (method !== 'GET' || !url.endsWith(referrersTag(image.digest)) || !found) return false;
      response.writeHead(200, { 'content-type': found.mediaType }).end(found.bytes);
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/takes its tag for a digest/);
  });

  it('would not be larger than registries take', async () => {
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

describe('whether a target lists referrers itself', () => {
  it('is not believed for its word alone: ECR gave it without the API', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ method }, response) => {
      if (method === 'PUT') response.setHeader('oci-subject', image.digest);
      return false;
    };
    await copy(image);
    expect(listAt(target, image)).toHaveLength(1);
  });

  it('is not believed for a list that it gives of everything', async () => {
    await publish(image, [sbom]);
    target.intercept = ({ url = '' }, response) => {
      if (!url.includes('/referrers/')) return false;
      sendJson(response, 200, { schemaVersion: 2, manifests: [] }, { 'content-type': OCI_INDEX });
      return true;
    };
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)).toHaveLength(1);
    expect((await recheck(image)).referrers).toBe(0);
  });

  it('needs no list under a tag', async () => {
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

  it('is mirrored to the byte, with what it lists', async () => {
    await publish(image, [sbom, signature]);
    const { held, referrers } = await copyTag();
    const stored = source.store.manifest('img', tag);
    expect(held).toEqual(new Map([[tag, { digest: stored?.digest }]]));
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(stored?.digest);
    expect(referrers).toBe(2);
    expect(await found(target, image)).toEqual(await found(source, image));
  });

  it('does not take away what the target lists besides', async () => {
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

  it('is mirrored at the same time as the image is, and each counts once', async () => {
    await publish(image, [sbom, signature]);
    const session = new Session();
    const runs = await Promise.all([copyTag(session), session.copy(image)]);
    expect(runs.reduce((sum, { referrers }) => sum + referrers, 0)).toBe(2);
    expect(target.store.manifest(MIRROR, tag)?.digest).toBe(source.store.manifest('img', tag)?.digest);
  });

  it('is mirrored without entries of which the source has nothing any more', async () => {
    const deleted = makeReferrer(image, { seed: 'deleted' });
    await publish(image, [sbom]);
    source.store.putManifest('img', tag, OCI_INDEX, makeReferrersList([deleted, sbom]).bytes);
    expect((await copyTag()).referrers).toBe(1);
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([sbom.digest]);
    expect((await copy(image)).held.size).toBe(1);
  });

  it('is looked into where the API knows of nothing, as after it was switched on', async () => {
    await publish(image, [sbom]);
    source.intercept = ({ url = '' }, response) => {
      if (!url.includes('/referrers/')) return false;
      sendJson(response, 200, { schemaVersion: 2, manifests: [] }, { 'content-type': OCI_INDEX });
      return true;
    };
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)).toHaveLength(1);
  });

  it('is not asked for where the source lists no such tag', async () => {
    await publish(image);
    await copy(image);
    expect(requests(source).filter((request) => request.includes('sha256-'))).toEqual([]);
  });
});

describe('a hostile source', () => {
  /** The source's API says that this refers to anything that is asked for. */
  function claim(...manifests: unknown[]): void {
    source.intercept = ({ url = '' }, response) => {
      if (!url.includes('/referrers/')) return false;
      sendJson(response, 200, { schemaVersion: 2, manifests }, { 'content-type': OCI_INDEX });
      return true;
    };
  }
  const entry = ({ mediaType, bytes }: TestImage): unknown => descriptor(mediaType, bytes);

  it('does not get an image copied for naming it as its own referrer, or for another of its images', async () => {
    const other = makeImage({ seed: 'other', oci: true });
    await publish(image, [sbom]);
    await pushImage(source.url, 'img', ['v2'], other);
    const stranger = makeReferrer(other, { seed: 'about another' });
    await pushImage(source.url, 'img', [stranger.digest], stranger);
    claim(entry(image), entry(other), entry(stranger), entry(sbom));
    expect((await copy(image)).referrers).toBe(1);
    expect(listAt(target, image)?.map((one) => one.digest)).toEqual([sbom.digest]);
    for (const one of [other, stranger]) expect(target.store.manifest(MIRROR, one.digest)).toBeUndefined();
  });

  it('can not go round in circles', async () => {
    await publish(image, [sbom]);
    await attach(source, sbom, [signedSbom]);
    claim(entry(sbom), entry(signedSbom), entry(image));
    await copy(image);
    const asked = source.requests.filter(({ path }) => path.includes('/referrers/'));
    expect(asked.length).toBeLessThan(10);
  });

  it('can not go on for ever', async () => {
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

  it('can not list more than anybody attaches', async () => {
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
    await expect(copy(image)).rejects.toThrow(/more than 10000 manifests refer to it/);
  });

  it('can not put other content under a digest', async () => {
    await publish(image, [sbom]);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(`/manifests/${sbom.digest}`)) return false;
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(signature.bytes);
      return true;
    };
    await expect(copy(image)).rejects.toThrow(/not the one asked for/);
    expect(target.store.tags(MIRROR)).toEqual([]);
  });

  it('that gives the image itself for the list under its tag lists nothing, as GitLab does', async () => {
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

  it('may list what is not there any more, or is of a kind that only drafts had', async () => {
    await publish(image, [sbom]);
    const draft = { ...descriptor('application/vnd.oci.artifact.manifest.v1+json', Buffer.from('draft')) };
    claim(entry(signature), draft, entry(sbom));
    expect((await copy(image)).referrers).toBe(1);
    expect(requests(source).some((request) => request.includes(draft.digest))).toBe(false);
  });
});

describe('a referrer', () => {
  it('that fails keeps the tags of its image from being written', async () => {
    await publish(image, [sbom, signature]);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(`/manifests/${signature.digest}`)) return false;
      response.writeHead(403).end();
      return true;
    };
    await expect(copy(image)).rejects.toThrow(signature.digest);
    expect(target.store.tags(MIRROR)).not.toContain('v1');
  });

  it('may be an index with parts of its own', async () => {
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

  it('is not looked for unless it is wanted', async () => {
    await publish(image, [sbom]);
    expect(await copy(image, {}, false)).toMatchObject({
      referrers: 0,
      held: new Map([['v1', { digest: image.digest }]]),
    });
    expect(requests(source).filter((request) => request.includes('/referrers/'))).toEqual([]);
    expect(target.store.tags(MIRROR)).toEqual(['v1']);
  });

  it('of a signature that goes under a tag is not looked for', async () => {
    await publish(image, [sbom]);
    await copy(image, { tags: [`${referrersTag(image.digest)}.sig`] });
    expect(requests(source).filter((request) => request.includes('/referrers/'))).toEqual([]);
  });
});

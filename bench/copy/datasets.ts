import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import * as v from 'valibot';
import {
  type TestImage,
  describe,
  makeIndex,
  makeManifest,
} from '../../__tests__/support/fixtures/images.ts';
import { googleTags } from '../../__tests__/support/registries/google-tags.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';

/** The images of each repository, by tag. */
export type DataSet = ReadonlyMap<string, ReadonlyMap<string, TestImage>>;

const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** (a) distroless at a tenth of its sizes, (b) many tiny images, (c) fewer and larger images, (d) one layer of 1 GB. */
export const SETS: Readonly<Record<string, (dataFolder: string) => DataSet>> = {
  a: distroless,
  b: () => synthetic({ repositories: 20, tags: 50, layers: 2, sizes: [1000, 4000], shared: 0.5, pool: 40 }),
  c: () =>
    synthetic({
      repositories: 10,
      tags: 10,
      layers: 4,
      sizes: [2_000_000, 8_000_000],
      shared: 0.6,
      pool: 60,
    }),
  d: () =>
    new Map([
      ['repo', new Map([['v1', imageOf('linux/amd64', randomBytes(600), [randomBytes(1_000_000_000)])]])],
    ]),
};

interface Shape {
  readonly repositories: number;
  readonly tags: number;
  readonly layers: number;
  readonly sizes: readonly [number, number];
  /** Fraction of the layers that are taken from a pool of `pool` layers. */
  readonly shared: number;
  readonly pool: number;
}

/** Two platforms per tag, as most public images have. */
function synthetic({ repositories, tags, layers, sizes: [min, max], shared, pool }: Shape): DataSet {
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const layer = (): Uint8Array => randomBytes(Math.floor(min + random() * (max - min)));
  const common = Array.from({ length: pool }, layer);
  const pick = (): Uint8Array => common[Math.floor(random() * pool)] ?? layer();
  const image = (platform: string): TestImage =>
    imageOf(
      platform,
      randomBytes(600),
      Array.from({ length: layers }, () => (random() < shared ? pick() : layer())),
    );
  const names = Array.from(
    { length: repositories },
    (_, number) => `repo-${String(number).padStart(2, '0')}`,
  );
  return new Map(
    names.map((name) => {
      const images = Array.from({ length: tags }, (_, number): [string, TestImage] => [
        `v${number}`,
        makeIndex([image('linux/amd64'), image('linux/arm64')]),
      ]);
      return [name, new Map(images)];
    }),
  );
}

function imageOf(platform: string, config: Uint8Array, layers: readonly Uint8Array[]): TestImage {
  const content = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: describe(CONFIG, config),
    layers: layers.map((layer) => describe(LAYER, layer)),
  };
  return { ...makeManifest(DOCKER_MANIFEST, content, [config, ...layers]), platform };
}

const Graph = v.object({
  blobs: v.array(v.number()),
  images: v.record(
    v.string(),
    v.record(
      v.string(),
      v.union([
        v.object({ config: v.number(), layers: v.array(v.number()), manifest: v.string() }),
        v.object({ platforms: v.array(v.string()), manifest: v.string() }),
      ]),
    ),
  ),
});

/** The real blob graph of gcr.io/distroless at a tenth of its sizes. The images inside an index are generated and small. */
function distroless(dataFolder: string): DataSet {
  const file = readFileSync(join(dataFolder, 'distroless-graph.json.gz'));
  const graph = v.parse(Graph, JSON.parse(gunzipSync(file).toString()));
  const blobs = graph.blobs.map((size) => randomBytes(Math.max(64, Math.floor(size / 10))));
  const manifests = new Map<string, TestImage>();
  const blob = (index: number): Uint8Array => blobs[index] ?? new Uint8Array();
  return new Map(
    Object.entries(graph.images).map(([name, tags]) => {
      const images = Object.entries(tags).map(([tag, entry]): [string, TestImage] => {
        let image = manifests.get(entry.manifest);
        if (!image) {
          image =
            'config' in entry
              ? imageOf('linux/amd64', blob(entry.config), entry.layers.map(blob))
              : makeIndex(
                  entry.platforms.map((platform) =>
                    imageOf(platform, randomBytes(600), [randomBytes(60_000)]),
                  ),
                );
          manifests.set(entry.manifest, image);
        }
        return [tag, image];
      });
      return [name, new Map(images)];
    }),
  );
}

/** The bodies of `tags/list` in Google's form, by repository. */
export function listsOf(set: DataSet): Map<string, string> {
  // The whole registry is one namespace. Its root and its intermediate folders list the repositories below them.
  const lists = new Map<string, string>();
  const names = Array.from(set.keys());
  const folders = names.flatMap((name) =>
    name.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/')),
  );
  for (const repository of new Set([...folders, ...names])) {
    const images = Array.from(set.get(repository) ?? []);
    const tags = Map.groupBy(images, ([, { digest }]) => digest);
    const manifests = Array.from(tags, ([digest, entries]) => ({
      digest,
      mediaType: entries[0]?.[1].mediaType ?? '',
      size: 1000,
      tags: entries.map(([tag]) => tag),
    }));
    lists.set(repository, JSON.stringify(googleTags(repository, names, manifests)));
  }
  return lists;
}

/** Its tags, repositories, blobs and bytes, for people. */
export function sizeOf(set: DataSet): string {
  const images = Array.from(set.values()).flatMap((tags) => Array.from(tags.values()));
  const blobs = new Map(
    images.flatMap((image) => [image, ...image.children]).flatMap(({ blobs }) => Array.from(blobs)),
  );
  const bytes = Array.from(blobs.values()).reduce((sum, { length }) => sum + length, 0);
  return `${images.length} tags in ${set.size} repositories, ${blobs.size} blobs, ${(bytes / 1e6).toFixed(0)} MB`;
}

/** Uploads a set to a registry, each blob once per repository. */
export async function upload(set: DataSet, url: string): Promise<void> {
  const limit = pLimit(16);
  for (const [repository, images] of set) {
    const all = Array.from(new Set(images.values())).flatMap((image) => [...image.children, image]);
    const blobs = new Map(all.flatMap(({ blobs }) => Array.from(blobs)));
    const base = `${url}/v2/${repository}`;
    await limit.map(Array.from(blobs.values()), async (bytes) => {
      const started = await send(`${base}/blobs/uploads/`, { method: 'POST' });
      const location = new URL(started.headers.get('location') ?? '', base);
      location.searchParams.set('digest', digestOf(bytes));
      await send(location, {
        method: 'PUT',
        body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      });
    });
    const put = async (reference: string, { mediaType, bytes }: TestImage): Promise<Response> =>
      send(`${base}/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': mediaType },
        body: Buffer.from(bytes),
      });
    await limit.map(new Set(Array.from(images.values()).flatMap(({ children }) => children)), async (child) =>
      put(child.digest, child),
    );
    await limit.map(images, async ([tag, image]) => put(tag, image));
  }
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url.toString()}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
  return answer;
}

import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RecordedImages, type MutableRecordedImages, setEntry } from '../../src/mirror/record-entry.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { missingOf } from '../support/fixtures/missing.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { FaultDeck, FaultSequence } from '../support/network/faults/deck.ts';
import { type FaultKind, faultsOf } from '../support/network/faults/kinds.ts';
import {
  type FaultyProxy,
  type FaultyProxyOptions,
  startFaultyProxy,
} from '../support/network/faults/proxy.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { startDockerd } from '../support/registries/dockerd.ts';
import { startGoogleFacade } from '../support/registries/google-facade.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'pa55-of-the-target' };
const AUTHORIZED = {
  authorization: `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`,
};
const SOURCE_FAULTS = faultsOf('list', 'manifest', 'head', 'blob');
const TARGET_FAULTS = faultsOf('head', 'start', 'upload', 'put');
/** Without those that make docker wait: it has no limit to the time without an answer. */
const DOCKER_SOURCE_FAULTS: readonly FaultKind[] = [
  'reset',
  '503',
  'broken body',
  '500',
  'short body',
  '401',
  'corrupt body',
];
const DOCKER_TARGET_FAULTS: readonly FaultKind[] = [
  '503',
  'lost answer',
  'reset while sending',
  '500',
  'lost session',
  '401',
  'a web page',
];

let registry: TestServer;
let target: TestServer;
let github: GitHubStandIn;
/** Proxies in front of both registries; the run knows only these. */
let proxies: FaultyProxy[];
/** What a test started additionally. */
let others: { close: () => Promise<void> }[];

beforeEach(async () => {
  registry = await startDockerRegistry();
  target = await startDockerRegistry({ htpasswd: LOGIN });
  github = await startGitHub({ 'octo/meta': { empty: true } });
  [proxies, others] = [[], []];
  return async () => {
    await Promise.all([...proxies, ...others, github, target, registry].map((server) => server.close()));
  };
});

async function startProxy(upstream: TestServer, options: FaultyProxyOptions): Promise<FaultyProxy> {
  const proxy = await startFaultyProxy(upstream.url, options);
  proxies.push(proxy);
  return proxy;
}

/** Images by `image:tag`. */
type ImageSet = ReadonlyMap<string, TestImage>;

/** Every third has several platforms, every fourth is large; all share layers with others. */
function imageSet(count: number): Map<string, TestImage> {
  return new Map(
    Array.from({ length: count }, (_, number) => {
      const one = (platform: string): TestImage =>
        makeImage({
          seed: `${number} ${platform}`,
          platform,
          layers: [300_000, 2000, number % 4 === 0 ? 3_000_000 : 100_000],
          layerSeeds: [`base ${number % 3}`, `lib ${number % 5}`, `own ${number} ${platform}`],
        });
      const image =
        number % 3 === 0
          ? makeIndex([one('linux/amd64'), one('linux/arm64')], { attestation: true })
          : one('linux/amd64');
      return [`image-${number % 7}:v${number}`, image];
    }),
  );
}

async function push(images: ImageSet): Promise<void> {
  for (const [name, image] of images) {
    const [repository = '', tag = ''] = name.split(':');
    await pushImage(registry.url, `library/${repository}`, [tag], image);
  }
}

async function mirror(
  source: TestServer,
  front: TestServer,
  inputs: Readonly<Record<string, string>>,
  dockerHost = '',
): Promise<RunOutcome> {
  const run = await runAction({
    inputs: {
      namespaces: `${source.host}/library`,
      target: `${front.host}/mirror`,
      'http-timeout': '2s',
      ...LOGIN,
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerHost, RUNNER_DEBUG: '1' },
  });
  expect(proxies.flatMap(({ problems }) => problems)).toEqual([]);
  return run;
}

/** The `images` that the target lacks. */
async function missing(images: ImageSet): Promise<string[]> {
  const found: string[] = [];
  for (const [name, image] of images) {
    const [repository = '', tag = ''] = name.split(':');
    found.push(...(await missingOf(target.url, `mirror/${repository}`, tag, image, AUTHORIZED)));
  }
  return found;
}

const Manifest = v.object({ config: v.object({ digest: v.string() }) });

/** The config of the target's image with a tag, and the digest of its manifest. */
async function targetConfig(
  repository: string,
  tag: string,
): Promise<{ config: string; digest: string | null }> {
  const url = `${target.url}/v2/mirror/${repository}/manifests/${tag}`;
  const answer = await fetch(url, { headers: { ...AUTHORIZED, accept: DOCKER_MANIFEST } });
  const { config } = v.parse(Manifest, await answer.json());
  return { config: config.digest, digest: answer.headers.get('docker-content-digest') };
}

/** The record of what was mirrored from `source` to `front`. */
async function recorded(source: TestServer, front: TestServer): Promise<RecordedImages> {
  const path = `${source.host}/library.json`;
  const expected = { path, source: `${source.host}/library`, target: `${front.host}/mirror` };
  return parseNamespaceManifest(Buffer.from((await github.file('octo/meta', path)) ?? ''), expected).images;
}

function recordOf(images: ImageSet): RecordedImages {
  const record: MutableRecordedImages = new Map();
  for (const [name, { digest }] of images) {
    const [repository = '', tag = ''] = name.split(':');
    setEntry(record, repository, tag, digest);
  }
  return record;
}

function happened({ happened }: FaultyProxy): FaultKind[] {
  return Array.from(new Set(happened.map(({ kind }) => kind))).toSorted();
}

describe('requests that fail in every way', () => {
  it('lose no image and corrupt none when a fifth of them fail: engine registry', async () => {
    const images = imageSet(24);
    await push(images);
    const source = await startProxy(registry, { dealer: new FaultDeck(SOURCE_FAULTS, 0.2, 'source') });
    const front = await startProxy(target, { dealer: new FaultDeck(TARGET_FAULTS, 0.2, 'target') });
    const run = await mirror(source, front, { engine: 'registry', retries: '10' });
    expect(run.annotations).toEqual([]);
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({ complete: 'true', added: '24', failed: '0', pending: '0' });
    expect(await missing(images)).toEqual([]);
    expect(await recorded(source, front)).toEqual(recordOf(images));
    expect(happened(source)).toEqual(SOURCE_FAULTS.toSorted());
    expect(happened(front)).toEqual(TARGET_FAULTS.toSorted());
    for (const proxy of [source, front]) expect(proxy.happened.length / proxy.requests).toBeGreaterThan(0.17);
    // The proxy can't see connections that never reached it.
    expect(run.log).toContain('ECONNREFUSED');
  });

  it('lose no image and corrupt none when fewer fail: engine docker', async () => {
    const dockerd = await startDockerd();
    const facade = await startGoogleFacade(registry.url);
    others.push(facade, dockerd);
    const images = new Map(
      Array.from({ length: 6 }, (_, number) => {
        const layerSeeds = [`base ${number % 2}`, `own ${number}`];
        const image = makeImage({ seed: `docker ${number}`, layers: [200_000, 1000], layerSeeds });
        return [`image-${number % 3}:v${number}`, image];
      }),
    );
    await push(images);
    // docker retries some requests and not others, and each failure costs a whole pull or push. There are more than twice the
    // requests that it takes for every fault to happen.
    const source = await startProxy(facade, { dealer: new FaultSequence(DOCKER_SOURCE_FAULTS, 3) });
    const front = await startProxy(target, { dealer: new FaultSequence(DOCKER_TARGET_FAULTS, 5) });
    const run = await mirror(source, front, { engine: 'docker', retries: '10' }, dockerd.dockerHost);
    expect(run.annotations).toEqual([]);
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({ complete: 'true', added: '6', failed: '0', pending: '0' });
    const record = await recorded(source, front);
    for (const [name, { digest, blobs }] of images) {
      const [repository = '', tag = ''] = name.split(':');
      const actual = await targetConfig(repository, tag);
      // docker compresses layers again, but keeps the config.
      const [config] = blobs.keys();
      expect(actual.config).toBe(config);
      expect(record.get(repository)?.get(tag)).toEqual({ digest, target: actual.digest });
    }
    expect(happened(source)).toEqual(DOCKER_SOURCE_FAULTS.toSorted());
    expect(happened(front)).toEqual(DOCKER_TARGET_FAULTS.toSorted());
  });
});

describe('a blob that is always corrupt', () => {
  it('fails only its images, is named, and never reaches the target under a tag', async () => {
    const images = imageSet(9);
    // A layer that three images share, one platform of an index, and a small image.
    const spoilt = [
      layerOf(images, 'image-1:v1', 0),
      layerOf(images, 'image-3:v3', 2),
      layerOf(images, 'image-5:v5', 1),
    ];
    const holding = (image: TestImage): string[] => [
      ...spoilt.filter((digest) => image.blobs.has(digest)),
      ...image.children.flatMap(holding),
    ];
    await push(images);
    const source = await startProxy(registry, {
      dealer: { deal: () => undefined },
      always: ({ url = '' }) => (spoilt.some((digest) => url.endsWith(digest)) ? 'corrupt body' : undefined),
    });
    const run = await mirror(source, target, { engine: 'registry', retries: '2' });
    const failing = new Map(Array.from(images).filter(([, image]) => holding(image).length > 0));
    const sound = new Map(Array.from(images).filter(([name]) => !failing.has(name)));
    expect([failing.size, sound.size]).toEqual([6, 3]);
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({ complete: 'false', added: '3', failed: '6', pending: '0' });
    expect(run.annotations.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^6 tags could not be mirrored \(.* and 1 more\): .* does not have that digest/),
    ]);
    const [{ message: error } = { message: '' }] = run.annotations;
    const named = Array.from(failing.keys()).filter((name) =>
      error.includes(`${source.host}/library/${name}`),
    );
    expect(named).toHaveLength(5);
    const report = JSON.stringify(run.report);
    for (const [name, image] of failing) {
      const [repository = '', tag = ''] = name.split(':');
      const [digest = ''] = holding(image);
      expect(report).toMatch(
        new RegExp(`"image":"${repository}","tags":\\["${tag}"\\],"reason":"[^"]*${digest}`),
      );
      const url = `${target.url}/v2/mirror/${repository}/manifests/${tag}`;
      expect((await fetch(url, { headers: { ...AUTHORIZED, accept: image.mediaType } })).status).toBe(404);
    }
    expect(await missing(sound)).toEqual([]);
    expect(await recorded(source, target)).toEqual(recordOf(sound));
    // Three tries for each, and one more in each other repository.
    expect(source.happened.length).toBe(5 + 3 + 4);
  });
});

/** The digest of an image's layer; for an index, of its last platform's. */
function layerOf(images: ImageSet, name: string, index: number): Digest {
  const image = images.get(name);
  const digest = Array.from((image?.children[1] ?? image)?.blobs.keys() ?? [])[index + 1];
  if (digest === undefined) throw new Error(`${name} has no layer ${index}`);
  return digest;
}

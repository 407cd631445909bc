import { afterEach, describe, expect, it } from 'vitest';
import { CopyError } from '../../../../src/mirror/copy-error.ts';
import {
  type Copying,
  expectHeld,
  startCopying,
  taskOf,
  observe,
} from '../../../support/fixtures/copying.ts';
import { type TestImage, makeImage, makeIndex } from '../../../support/fixtures/images.ts';
import { FaultDeck } from '../../../support/network/faults/deck.ts';
import { faultsOf } from '../../../support/network/faults/kinds.ts';
import { startFaultyProxy } from '../../../support/network/faults/proxy.ts';
import type { TestServer } from '../../../support/network/http.ts';
import type { RegistryAuth } from '../../../support/registries/memory-auth.ts';
import { startMemoryRegistry } from '../../../support/registries/memory-registry.ts';

const ACCOUNT = { username: 'u', password: 'p' };
const ACCOUNTS: [string, { readonly auth?: RegistryAuth }][] = [
  ['no accounts', {}],
  ['Basic', { auth: { kind: 'basic', ...ACCOUNT } }],
  ['tokens', { auth: { kind: 'token', ...ACCOUNT } }],
  ['tokens that expire all the time', { auth: { kind: 'token', ...ACCOUNT, expiresIn: 6 } }],
];
/** Seeds that have found bugs. */
const SEEDS = [11, 29, 32, 38, 86];
/** These faults take seconds; the integration tests cover them. */
const SLOW = new Set<string>(['no answer', 'stalled body', 'slow drip', 'connection refused']);

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start<T extends TestServer>(server: Promise<T>): Promise<T> {
  const started = await server;
  servers.push(started);
  return started;
}

/** Every second image has two platforms, and all share layers. */
const IMAGES = Array.from({ length: 8 }, (_, number): TestImage => {
  const one = (platform: string): TestImage =>
    makeImage({
      seed: `${number} ${platform}`,
      platform,
      layers: [200_000, 2000, 300],
      layerSeeds: [`base ${number % 2}`, `lib ${number % 3}`, `own ${number} ${platform}`],
    });
  return number % 2 === 0
    ? makeIndex([one('linux/amd64'), one('linux/arm64')], { attestation: true })
    : one('linux/amd64');
});

/** Retries as the pool does. */
async function copy(copying: Copying, image: TestImage, tag: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await copying.engine.copy(taskOf(copying, 'img', image, { tags: [tag] }), observe());
      return;
    } catch (error) {
      if (!(error instanceof CopyError) || !error.retryable || tries === 5) throw error;
    }
  }
}

describe('RegistryEngine with faults in a fifth of all requests', () => {
  it.each(ACCOUNTS.flatMap(([what, options]) => SEEDS.map((seed) => [what, seed, options] as const)))(
    'copies all images between registries with %s: seed %d',
    async (_, seed, options) => {
      const source = await start(startMemoryRegistry(options));
      const target = await start(startMemoryRegistry(options));
      for (const [number, image] of IMAGES.entries()) {
        for (const part of [...image.children, image]) {
          for (const bytes of part.blobs.values()) source.store.putBlob('img', bytes);
          source.store.putManifest('img', `v${number}`, part.mediaType, part.bytes);
        }
      }
      const proxies = await Promise.all([
        start(proxyOf(source, `source ${seed}`, faultsOf('manifest', 'blob'))),
        start(proxyOf(target, `target ${seed}`, faultsOf('head', 'start', 'upload', 'put'))),
      ]);
      const account = { ...ACCOUNT, providedBy: 'the test' };
      const copying = startCopying(...proxies, { retries: 12, ...(options.auth && { credential: account }) });
      await Promise.all(IMAGES.map(async (image, number) => copy(copying, image, `v${number}`)));
      for (const [number, image] of IMAGES.entries()) expectHeld(target, image, `v${number}`);
      expect(proxies.flatMap(({ problems }) => problems)).toEqual([]);
      for (const { happened } of proxies) expect(happened.length).toBeGreaterThan(5);
    },
  );
});

function proxyOf(
  { url }: TestServer,
  seed: string,
  kinds: ReturnType<typeof faultsOf>,
): ReturnType<typeof startFaultyProxy> {
  return startFaultyProxy(url, {
    dealer: new FaultDeck(
      kinds.filter((kind) => !SLOW.has(kind)),
      0.2,
      seed,
    ),
  });
}

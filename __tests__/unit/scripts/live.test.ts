import { describe, expect, it } from 'vitest';
import { behavioursOf, observe } from '../../../scripts/live/behaviours.ts';
import { LIVE_SOURCES, type LiveSource } from '../../../scripts/live/sources.ts';
import { type Comparison, liveSummary } from '../../../scripts/live/summary.ts';
import { type TestImage, makeImage, makeIndex } from '../../support/fixtures/images.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';
import type { MemoryStore } from '../../support/registries/memory-store.ts';
import { startDockerHub } from '../../support/registries/targets/docker-hub.ts';

const OPEN = { kind: 'token', username: 'robot', password: 'p', open: true } as const;

/** The stand-in of each live registry. */
const STAND_INS: Readonly<Record<string, () => Promise<MemoryRegistry>>> = {
  'gcr.io': async () => startMemoryRegistry({ google: true, auth: { ...OPEN, shy: true } }),
  'registry.k8s.io': async () => startMemoryRegistry({ google: true }),
  'quay.io': async () => startMemoryRegistry({ auth: OPEN }),
  'ghcr.io': async () => startMemoryRegistry({ auth: OPEN }),
  'docker.io': async () => startDockerHub(OPEN),
};

const INDEX = makeIndex([makeImage({ seed: 'a', platform: 'linux/amd64' })]);

/** Puts an image into a registry's store, without the requests of a push. */
function hold(store: MemoryStore, repository: string, reference: string, image: TestImage = INDEX): void {
  for (const child of image.children) hold(store, repository, child.digest, child);
  for (const bytes of image.blobs.values()) store.putBlob(repository, bytes);
  store.putManifest(repository, reference, image.mediaType, image.bytes);
}

async function withStandIn(
  { namespace, repository, tag }: LiveSource,
  test: (registry: MemoryRegistry) => Promise<void>,
): Promise<void> {
  const start = STAND_INS[namespace.split('/')[0] ?? ''];
  if (start === undefined) throw new Error(`${namespace} has no stand-in`);
  const registry = await start();
  try {
    hold(registry.store, repository, tag);
    await test(registry);
  } finally {
    await registry.close();
  }
}

describe.each(LIVE_SOURCES.map((source) => [source.namespace, source] as const))(
  'the stand-in of %s',
  (_, source) => {
    it('does what the live registry is held to', async () => {
      await withStandIn(source, async ({ url }) => {
        const found = await observe({ ...source, url }, behavioursOf(source.expected));
        expect(Object.fromEntries(found)).toEqual(source.expected);
        expect(found.size).toBeGreaterThan(5);
      });
    });
  },
);

describe('observe', () => {
  const [gcr] = LIVE_SOURCES;
  if (gcr === undefined) throw new Error('no source');

  it('sees a registry that answers otherwise', async () => {
    await withStandIn(gcr, async (registry) => {
      registry.intercept = (request, response) => {
        if (request.url?.includes('/manifests/') === true && request.method === 'HEAD')
          response.writeHead(200, { 'content-type': 'text/html' }).end();
        else if (request.url?.includes('/manifests/') === true) response.writeHead(404).end('<html>');
        else if (request.url?.includes('/tags/') === true) response.writeHead(200).end('{"tags":["v1"]}');
        else return false;
        return true;
      };
      const found = await observe({ ...gcr, url: registry.url }, behavioursOf(gcr.expected));
      expect(Object.fromEntries(found)).toEqual({
        'GET /v2/': 'Bearer challenge',
        'tags/list': 'names',
        'HEAD of a manifest': 'content-type',
        'GET of a manifest': 'status 404',
        'a manifest that is not there': '404 and no JSON',
        'GET of a blob': expect.stringContaining('failed: ') as unknown,
      });
    });
  });

  it('sees bytes that have another digest', async () => {
    await withStandIn(gcr, async (registry) => {
      registry.intercept = ({ url = '', method }, response) => {
        if (!url.includes('/manifests/') || method !== 'GET') return false;
        response.writeHead(200, { 'docker-content-digest': INDEX.digest }).end('{}');
        return true;
      };
      const found = await observe({ ...gcr, url: registry.url }, ['GET of a manifest']);
      expect(found.get('GET of a manifest')).toBe('the bytes have another digest');
    });
  });

  it('sees a HEAD that costs a pull', async () => {
    const hub = LIVE_SOURCES.find(({ namespace }) => namespace.startsWith('docker.io/'));
    if (hub === undefined) throw new Error('no Docker Hub');
    await withStandIn(hub, async (registry) => {
      let left = 100;
      registry.intercept = (_, response) => {
        response.writeHead(200, { 'ratelimit-remaining': `${left--};w=21600` }).end();
        return true;
      };
      const found = await observe({ ...hub, url: registry.url }, ['ratelimit-remaining after a HEAD']);
      expect(found.get('ratelimit-remaining after a HEAD')).toBe('one less');
    });
  });

  it('counts a registry that is out of reach as an answer', async () => {
    const found = await observe({ ...gcr, url: 'http://127.0.0.1:1' }, ['GET /v2/', 'tags/list']);
    expect(Array.from(found.values())).toEqual([
      expect.stringContaining('failed: '),
      expect.stringContaining('failed: '),
    ]);
  });
});

describe('liveSummary', () => {
  const same: Comparison = { registry: 'gcr.io', behaviour: 'GET /v2/', expected: 'x', found: 'x' };

  it('counts, and shows differences first', () => {
    const different: Comparison = { ...same, registry: 'quay.io', found: 'y' };
    const summary = liveSummary([same, different], []);
    expect(summary).toContain(
      '1 of 2 answers are those of the stand-ins, and 0 of 0 runs did what they should.',
    );
    expect(summary.indexOf('| quay.io | GET /v2/ | x | **y** | differs |')).toBeGreaterThan(0);
    expect(summary.indexOf('quay.io')).toBeLessThan(summary.indexOf('gcr.io'));
  });

  it("keeps a registry's text inside its cell", () => {
    const summary = liveSummary([{ ...same, found: 'a | b\n<img src=x> [c](d) `e`' }], []);
    expect(summary).toContain('**a \\| b \\<img src=x\\> \\[c\\](d) \\`e\\`**');
  });
});

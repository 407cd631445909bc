import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { describe as descriptor, makeManifest } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { AT_EXIT } from '../support/run/at-exit.ts';
import { type MemoryUse, watchMemory } from '../support/run/process-status.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

const REPOSITORIES = 100;
const TAGS = 100;
const AtExit = v.object({ resources: v.array(v.string()), sockets: v.number() });

let source: MemoryRegistry;
let target: MemoryRegistry;
let github: GitHubStandIn;

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true });
  target = await startMemoryRegistry();
  github = await startGitHub({ 'octo/meta': { empty: true } });
  for (let number = 0; number < REPOSITORIES; number += 1) fill(`library/image-${number}`);
});
afterAll(async () => {
  await Promise.all([source, target, github].map((server) => server.close()));
});

/** Tags of one small image each; the images share a layer. */
function fill(repository: string): void {
  const layer = Buffer.from(`the layer of ${repository} `.repeat(10));
  source.store.putBlob(repository, layer);
  for (let number = 0; number < TAGS; number += 1) {
    const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', repository, number }));
    source.store.putBlob(repository, config);
    const content = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptor('application/vnd.docker.container.image.v1+json', config),
      layers: [descriptor('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
    };
    const { bytes } = makeManifest(DOCKER_MANIFEST, content, []);
    source.store.putManifest(repository, `v${number}`, DOCKER_MANIFEST, bytes);
  }
}

describe('a run of 10,000 images', () => {
  let run: RunOutcome;
  let memory: MemoryUse;
  /** Milliseconds from the last line of the log to the end of the process. */
  let silence: number;

  beforeAll(async () => {
    let lastLine = 0;
    let watched: Promise<MemoryUse> | undefined;
    run = await runAction({
      inputs: {
        namespaces: `${source.host}/library`,
        target: `${target.host}/mirror`,
        engine: 'registry',
        concurrency: '20',
      },
      apiUrl: github.url,
      token: TOKENS.write,
      env: {
        NODE_OPTIONS: `--import=${fileURLToPath(new URL('../support/run/at-exit.ts', import.meta.url))}`,
      },
      onStart: (child) => {
        watched = watchMemory(child);
        child.stdout?.on('data', (text: Buffer) => {
          if (!text.includes(AT_EXIT)) lastLine = performance.now();
        });
        child.on('exit', () => (silence = performance.now() - lastLine));
      },
    });
    memory = (await watched) ?? { peak: 0, samples: [] };
  }, 180_000);

  it('mirrors and records them all', async () => {
    expect(run.annotations).toEqual([]);
    expect(run.outputs).toMatchObject({ complete: 'true', added: '10000', failed: '0' });
    const path = `${source.host}/library.json`;
    const names = { path, source: `${source.host}/library`, target: `${target.host}/mirror` };
    const text = (await github.file('octo/meta', path)) ?? '';
    const { images } = parseNamespaceManifest(Buffer.from(text), names);
    for (let number = 0; number < REPOSITORIES; number += 1) {
      const manifests = target.store.listManifests(`mirror/image-${number}`);
      const tags = manifests.flatMap(({ digest, tags }) => tags.map((tag) => [tag, digest] as const));
      expect(tags).toHaveLength(TAGS);
      expect(images.get(`image-${number}`)).toEqual(new Map(tags));
    }
  });

  it('logs a line per image, in less than 5 MB', () => {
    expect(run.log.match(/image-\d+:[^\n]* → [^\n]* in \d/g)).toHaveLength(REPOSITORIES * TAGS);
    expect(Buffer.byteLength(run.log)).toBeLessThan(5_000_000);
    expect(run.log).toMatch(/✅ 10,000 tags added/);
  });

  it('needs less than 250 MB, and no more at its end than in its middle', () => {
    const { peak, samples } = memory;
    const third = Math.floor(samples.length / 3);
    const middle = median(samples.slice(third, 2 * third));
    const end = median(samples.slice(2 * third));
    expect(samples.length).toBeGreaterThan(30);
    expect(peak).toBeGreaterThan(50);
    expect(peak).toBeLessThan(250);
    expect(end - middle).toBeLessThan(25);
  });

  it('leaves nothing open, and its process ends by itself at once', () => {
    const [, atExit = '{}'] = new RegExp(`^${AT_EXIT}(.*)$`, 'm').exec(run.log) ?? [];
    // Only standard output and error.
    const resources = ['PipeWrap', 'PipeWrap'];
    expect(v.parse(AtExit, JSON.parse(atExit))).toEqual({ resources, sockets: 0 });
    expect(silence).toBeLessThan(2000);
    expect(run.leftovers).toEqual([]);
  });
});

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

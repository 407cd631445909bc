import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordedImages } from '../../src/mirror/record-entry.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { type TestImage, makeImage, pushImage } from '../support/fixtures/images.ts';
import { missingOf } from '../support/fixtures/missing.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/** More images than are copied at the same time. */
const IMAGES = 20;
const CONCURRENCY = '2';

/** A registry that limits requests, and one that does not. */
let limited: MemoryRegistry;
let free: MemoryRegistry;
let target: TestServer;
let github: GitHubStandIn;
/** By tag; the same in both registries. */
let images: Map<string, TestImage>;

beforeEach(async () => {
  [limited, free] = await Promise.all([
    startMemoryRegistry({ google: true }),
    startMemoryRegistry({ google: true }),
  ]);
  target = await startDockerRegistry();
  github = await startGitHub({ 'octo/meta': { empty: true } });
  images = new Map(
    Array.from({ length: IMAGES }, (_, number) => [`v${number}`, makeImage({ seed: `limited ${number}` })]),
  );
  for (const [tag, image] of images)
    for (const { url } of [limited, free]) await pushImage(url, 'library/img', [tag], image);
  return async () => {
    await Promise.all([limited, free, target, github].map((server) => server.close()));
  };
});

async function mirror(): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${limited.host}/library, ${free.host}/library`,
      target: `${target.host}/mirror`,
      'target-name': '{registry}/{image}',
      engine: 'registry',
      concurrency: CONCURRENCY,
    },
    apiUrl: github.url,
    token: TOKENS.write,
  });
}

/** Name of the target's repository for the image of `source`. */
const repositoryOf = ({ host }: TestServer): string => `mirror/${host.replace(':', '-')}/img`;

async function recorded(source: TestServer): Promise<RecordedImages> {
  const path = `${source.host}/library.json`;
  const text = (await github.file('octo/meta', path)) ?? '';
  const names = { path, source: `${source.host}/library`, target: `${target.host}/mirror` };
  return parseNamespaceManifest(Buffer.from(text), names).images;
}

/** The recorded tags of a source, each of which the target has. */
async function mirrored(source: TestServer): Promise<string[]> {
  const key = `img as ${source.host.replace(':', '-')}/img`;
  const tags = Array.from((await recorded(source)).get(key)?.keys() ?? []);
  for (const tag of tags) {
    const image = images.get(tag);
    expect(image && (await missingOf(target.url, repositoryOf(source), tag, image))).toEqual([]);
  }
  return tags;
}

describe('a registry that answers 429', () => {
  it('is waited for, while images of the other registry are copied', async () => {
    const events: string[] = [];
    let isOver = false;
    limited.intercept = ({ url = '' }, response) => {
      if (!url.includes('/manifests/')) return false;
      if (isOver) events.push('limited');
      else if (!events.includes('429')) setTimeout(() => (isOver = true), 2000);
      if (isOver) return false;
      events.push('429');
      response.writeHead(429, { 'retry-after': '2' }).end('slow down');
      return true;
    };
    free.intercept = ({ url = '' }) => url.includes('/manifests/') && events.push('free') === 0;
    const run = await mirror();
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({ complete: 'true', added: String(2 * IMAGES), failed: '0' });
    expect(events.indexOf('limited')).toBeGreaterThan(events.lastIndexOf('429'));
    expect(events.slice(0, events.indexOf('limited')).filter((event) => event === 'free')).toHaveLength(
      IMAGES,
    );
    // Requests that were already sent when the limit was reached.
    expect(events.filter((event) => event === '429').length).toBeLessThanOrEqual(6);
  });

  it('leaves its images to the next run when the wait is an hour, and what is done is recorded', async () => {
    let answered = 0;
    let refused = 0;
    limited.intercept = ({ url = '' }, response) => {
      if (!url.includes('/manifests/') || (answered += 1) <= 8) return false;
      refused += 1;
      response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '3600' });
      response.end('Too Many Requests (HAP429).\n');
      return true;
    };
    const run = await mirror();
    expect(run.exitCode).toBe(0);
    expect(run.duration).toBeLessThan(30_000);
    const done = (await mirrored(limited)).length;
    // The remaining requests of a started image are refused too.
    expect(done).toBeGreaterThan(2);
    expect(done).toBeLessThanOrEqual(8);
    expect(await mirrored(free)).toHaveLength(IMAGES);
    expect(run.outputs).toMatchObject({
      complete: 'false',
      added: String(IMAGES + done),
      failed: '0',
      pending: String(IMAGES - done),
    });
    expect(refused).toBeLessThanOrEqual(6);
    const message = expect.stringMatching(
      `^${limited.host} limits the number of requests .*try again in (?:60 min|1 h)`,
    );
    expect(run.annotations).toEqual([{ level: 'notice', message }]);
    expect(run.summary).toContain('limits the number of requests');
    limited.intercept = () => false;
    expect((await mirror()).outputs).toMatchObject({ complete: 'true', added: String(IMAGES - done) });
    expect(await mirrored(limited)).toHaveLength(IMAGES);
  });
});

describe('a registry that reports its remaining pulls', () => {
  it('gets no more pulls than remain, nothing fails, and the next run continues', async () => {
    let left = 15;
    let refused = 0;
    limited.intercept = ({ method, url = '' }, response) => {
      if (method !== 'GET' || !url.includes('/manifests/')) return false;
      if (left === 0) refused += 1;
      left -= 1;
      response.setHeader('ratelimit-limit', '15;w=21600');
      response.setHeader('ratelimit-remaining', `${left};w=21600`);
      return false;
    };
    const run = await mirror();
    expect(run.exitCode).toBe(0);
    expect(await mirrored(limited)).toHaveLength(15);
    expect(await mirrored(free)).toHaveLength(IMAGES);
    expect(refused).toBe(0);
    expect(run.outputs).toMatchObject({
      complete: 'false',
      changed: 'true',
      added: String(IMAGES + 15),
      failed: '0',
      pending: '5',
    });
    const message = expect.stringMatching(`^${limited.host} allows 0 more pulls.*at the latest in 6 h 0 min`);
    expect(run.annotations).toEqual([{ level: 'notice', message }]);
    expect(run.report).toMatchObject({ complete: false, errors: [], stopped: [message] });
    left = 100;
    const next = await mirror();
    expect(next.outputs).toMatchObject({ complete: 'true', added: '5', unchanged: String(IMAGES + 15) });
    // One pull for each image that was left.
    expect(left).toBe(95);
    expect(await mirrored(limited)).toHaveLength(IMAGES);
  });
});

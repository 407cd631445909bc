import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type GoogleFacade, startGoogleFacade } from '../support/registries/google-facade.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'pa55-w0rd-of-the-target' };

/** A namespace of seven images: nested ones, one with children and tags, several tags, one with several platforms. */
const IMAGES: [repository: string, tags: string[], image: TestImage][] = [
  ['library/base', ['debug', 'latest', 'v1'], makeImage({ seed: 'base', layers: [3000, 200_000] })],
  ['library/base/nested', ['latest'], makeImage({ seed: 'nested' })],
  ['library/cc', ['latest', 'nonroot'], makeImage({ seed: 'cc', oci: true })],
  ['library/deep/er/est', ['1.0'], makeImage({ seed: 'deep' })],
  ['library/java', ['11'], makeImage({ seed: 'java 11' })],
  ['library/java', ['17'], makeImage({ seed: 'java 17' })],
  [
    'library/multi',
    ['latest'],
    makeIndex([makeImage({ seed: 'm1' }), makeImage({ seed: 'm2', platform: 'linux/arm64' })], {
      attestation: true,
    }),
  ],
];
const TAGS = IMAGES.reduce((sum, [, tags]) => sum + tags.length, 0);

let registry: TestServer;
let source: GoogleFacade;
let target: TestServer;
let dockerd: Dockerd;
let github: GitHubStandIn;

beforeAll(async () => {
  registry = await startDockerRegistry();
  source = await startGoogleFacade(registry.url);
  target = await startDockerRegistry({ htpasswd: LOGIN });
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': { empty: true } });
  for (const [repository, tags, image] of IMAGES) await pushImage(registry.url, repository, tags, image);
});

afterAll(async () => {
  await Promise.all([github, dockerd, target, source, registry].map((server) => server.close()));
});

async function mirror(inputs: Record<string, string> = {}): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${source.host}/library`,
      target: `${target.host}/mirror`,
      ...LOGIN,
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost },
  });
}

async function targetManifest(
  repository: string,
  tag: string,
): Promise<{ status: number; digest: string | null; body: string }> {
  const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
  const accept = IMAGES.map(([, , { mediaType }]) => mediaType).join(', ');
  const answer = await fetch(`${target.url}/v2/mirror/${repository}/manifests/${tag}`, {
    headers: { authorization, accept },
  });
  return {
    status: answer.status,
    digest: answer.headers.get('docker-content-digest'),
    body: await answer.text(),
  };
}

async function recorded(): Promise<ReturnType<typeof parseNamespaceManifest>['images']> {
  const path = `${source.host}/library.json`;
  const text = (await github.file('octo/meta', path)) ?? '';
  const expected = { path, source: `${source.host}/library`, target: `${target.host}/mirror` };
  return parseNamespaceManifest(Buffer.from(text), expected).images;
}

describe('the main job', () => {
  it('mirrors a namespace with docker and records it', async () => {
    const run = await mirror();
    expect(run.log).not.toContain('::error');
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({
      complete: 'true',
      changed: 'true',
      added: String(TAGS),
      failed: '0',
      pending: '0',
    });
    const images = await recorded();
    for (const [repository, tags, image] of IMAGES) {
      const name = repository.replace('library/', '');
      for (const tag of tags) {
        const actual = await targetManifest(name, tag);
        const entry = images.get(name)?.get(tag);
        expect(entry, `${name}:${tag}`).toBeTruthy();
        expect(typeof entry === 'string' ? entry : entry?.digest).toBe(image.digest);
        expect(typeof entry === 'string' ? entry : entry?.target).toBe(actual.digest);
        expect(configOf(actual.body)).toBe(configOf(Buffer.from(image.bytes).toString()));
      }
    }
    expect(run.log).toMatch(/library\S* .*· \d+ repositories · \d+ tags · \d+ requests in /);
    expect(run.log).toMatch(/✓\S* base:\S* .*→ \S+\/base .*· .*B in /);
    expect(run.log).toMatch(/CHANGELOG\.md .*\/octo\/meta\/commit\/[0-9a-f]{40}/);
    const changelog = await github.file('octo/meta', 'CHANGELOG.md');
    expect(changelog).toContain('# Changelog');
    expect(changelog).toContain('- `base`: added `debug`, `latest`, `v1`');
    expect(await github.commits('octo/meta')).toHaveLength(2);
    expect(github.violations).toEqual([]);
    expect(run.summary).toContain('| `base` |');
    expect(dockerd.images()).toEqual([]);
    expect(run.leftovers).toEqual([]);
  });

  it('sends no write when nothing changed', async () => {
    const commits = await github.commits('octo/meta');
    source.requests.length = 0;
    const run = await mirror();
    expect(run.exitCode).toBe(0);
    expect(run.outputs).toMatchObject({
      complete: 'true',
      changed: 'false',
      added: '0',
      updated: '0',
      unchanged: String(TAGS),
      bytes: '0',
    });
    // One request per repository and per folder above it, and none to the target.
    expect(source.requests.toSorted()).toEqual(
      ['', '/base', '/base/nested', '/cc', '/deep', '/deep/er', '/deep/er/est', '/java', '/multi']
        .map((path) => `GET /v2/library${path}/tags/list`)
        .toSorted(),
    );
    expect(await github.commits('octo/meta')).toEqual(commits);
  });

  it('copies only the one tag that moved', async () => {
    const moved = makeImage({ seed: 'java 17 moved' });
    await pushImage(registry.url, 'library/java', ['17'], moved);
    const before = await targetManifest('java', '11');
    const run = await mirror();
    expect(run.outputs).toMatchObject({
      added: '0',
      updated: '1',
      unchanged: String(TAGS - 1),
      complete: 'true',
    });
    expect(configOf((await targetManifest('java', '17')).body)).toBe(
      configOf(Buffer.from(moved.bytes).toString()),
    );
    expect(await targetManifest('java', '11')).toEqual(before);
    expect((await recorded()).get('java')?.get('17')).toMatchObject({ digest: moved.digest });
    expect(await github.file('octo/meta', 'CHANGELOG.md')).toMatch(
      /^# Changelog\n\n## .*\n\n0 tags added, 1 updated/,
    );
    expect(github.violations).toEqual([]);
  });

  it('keeps the password out of log, outputs, files and commits', async () => {
    const run = await mirror();
    const secrets = [
      LOGIN.password,
      Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64'),
      TOKENS.write,
    ];
    const visible = [
      run.log.replaceAll(/^::add-mask::.*$/gm, ''),
      run.summary,
      JSON.stringify(run.outputs),
      JSON.stringify(run.report),
    ];
    for (const secret of secrets) for (const text of visible) expect(text).not.toContain(secret);
  });
});

const WithConfig = v.object({ config: v.optional(v.object({ digest: v.string() })) });

/** The image ID; undefined for an index. */
function configOf(manifest: string): unknown {
  return v.parse(WithConfig, JSON.parse(manifest)).config?.digest;
}

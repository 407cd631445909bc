import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import {
  type TestImage,
  cosignTag,
  makeCosignSignature,
  makeImage,
  makeManifest,
  pushImage,
} from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, startServer } from '../support/network/http.ts';
import { pipeRequest } from '../support/network/proxy.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'target-pa55' };

let source: MemoryRegistry;
let target: TestServer;
let dockerd: Dockerd;
let github: GitHubStandIn;
let home: string;

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true });
  target = await startDockerRegistry({ htpasswd: LOGIN });
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': {} });
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'home-'));
});
afterAll(async () => {
  await Promise.all([github, dockerd, target, source].map((server) => server.close()));
});

async function run(inputs: Record<string, string>, env: Record<string, string> = {}): Promise<RunOutcome> {
  const outcome = await runAction({
    inputs: { target: `${target.host}/mirror`, ...inputs },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost, ...env },
  });
  await rm(home, { recursive: true, force: true });
  return outcome;
}

async function entry(namespace: string, image: string, tag: string, to = target): Promise<unknown> {
  const path = `${source.host}/${namespace}.json`;
  const text = (await github.file('octo/meta', path)) ?? '';
  const expected = { path, source: `${source.host}/${namespace}`, target: `${to.host}/mirror` };
  return parseNamespaceManifest(Buffer.from(text), expected).images.get(image)?.get(tag);
}

function contentOf({ bytes }: TestImage): object {
  return v.parse(v.looseObject({}), JSON.parse(Buffer.from(bytes).toString()));
}

describe('the docker engine', () => {
  it("reads the user's credential helper, and changes neither its store nor the config", async () => {
    await pushImage(source.url, 'helper/one', ['v1'], makeImage({ seed: 'helper' }));
    const log = join(home, 'helper.log');
    const helper = join(home, 'docker-credential-test');
    const answer = JSON.stringify({
      ServerURL: target.host,
      Username: LOGIN.username,
      Secret: LOGIN.password,
    });
    await writeFile(helper, `#!/bin/sh\necho "$1" >> ${log}\n[ "$1" = get ] && echo '${answer}'\n`);
    await chmod(helper, 0o755);
    const config = JSON.stringify({ auths: {}, credsStore: 'test' });
    await mkdir(join(home, 'config'));
    await writeFile(join(home, 'config', 'config.json'), config);
    const env = { PATH: `${home}:${process.env['PATH'] ?? ''}`, DOCKER_CONFIG: join(home, 'config') };
    const outcome = await runAction({
      inputs: { namespaces: `${source.host}/helper`, target: `${target.host}/mirror` },
      apiUrl: github.url,
      token: TOKENS.write,
      env: { DOCKER_HOST: dockerd.dockerHost, ...env },
    });
    // Now with the inputs: the login is stored in the action's own config, never by the helper.
    await pushImage(source.url, 'helper/two', ['v1'], makeImage({ seed: 'helper two' }));
    const second = await runAction({
      inputs: { namespaces: `${source.host}/helper`, target: `${target.host}/mirror`, ...LOGIN },
      apiUrl: github.url,
      token: TOKENS.write,
      env: { DOCKER_HOST: dockerd.dockerHost, ...env },
    });
    const after = {
      log: await readFile(log, 'utf8'),
      config: await readFile(join(home, 'config', 'config.json'), 'utf8'),
    };
    await rm(home, { recursive: true });
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(second.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(new Set(after.log.trim().split('\n'))).toEqual(new Set(['get']));
    expect(after.config).toBe(config);
    expect([...outcome.leftovers, ...second.leftovers]).toEqual([]);
  });

  it("copies cosign's signatures unchanged, although they look like images", async () => {
    const image = makeImage({ seed: 'signed' });
    const signature = makeCosignSignature(image);
    await pushImage(source.url, 'cosign/one', ['v1'], image);
    await pushImage(source.url, 'cosign/one', [cosignTag(image)], signature);
    const outcome = await run({
      namespaces: `${source.host}/cosign`,
      platforms: 'linux/amd64',
      retries: '0',
      ...LOGIN,
    });
    expect(outcome.log).not.toContain('::error');
    expect(outcome.outputs).toMatchObject({ added: '2', complete: 'true' });
    expect(await entry('cosign', 'one', cosignTag(image))).toBe(signature.digest);
  });

  it('pushes the planned digest when the tag moves during the run', async () => {
    const planned = makeImage({ seed: 'planned' });
    await pushImage(source.url, 'moving/one', ['latest'], planned);
    const other = makeImage({ seed: 'came later' });
    let moved = false;
    source.intercept = async ({ url = '' }) => {
      // As soon as the run requests the image itself, the tag moves.
      if (!moved && url.includes('/moving/one/manifests/')) {
        moved = true;
        await pushImage(source.url, 'moving/one', ['latest'], other);
      }
      return false;
    };
    const outcome = await run({ namespaces: `${source.host}/moving`, ...LOGIN });
    delete source.intercept;
    expect(outcome.outputs).toMatchObject({ added: '1' });
    expect(await entry('moving', 'one', 'latest')).toMatchObject({ digest: planned.digest });
    expect((await run({ namespaces: `${source.host}/moving`, ...LOGIN })).outputs).toMatchObject({
      updated: '1',
    });
  });

  it('retries a push that failed, and continues after an image that can not be pulled', async () => {
    let broken = 0;
    const flaky = await startServer(async (request, response) => {
      if (request.method === 'PUT' && request.url?.includes('/manifests/') === true && broken < 1) {
        broken += 1;
        response.writeHead(503).end();
        return;
      }
      await pipeRequest(request, response, target.url);
    });
    await pushImage(source.url, 'flaky/good', ['v1'], makeImage({ seed: 'good' }));
    await pushImage(source.url, 'flaky/bad', ['v1', 'v2'], makeImage({ seed: 'bad', layers: [2000] }));
    const layer = Array.from(makeImage({ seed: 'bad', layers: [2000] }).blobs.keys())[1] ?? '';
    source.store.deleteBlob('flaky/bad', layer);
    const outcome = await run({
      namespaces: `${source.host}/flaky`,
      target: `${flaky.host}/mirror`,
      ...LOGIN,
      retries: '2',
    });
    await flaky.close();
    expect(broken).toBe(1);
    expect(outcome.outputs).toMatchObject({ added: '1', failed: '2', complete: 'false' });
    expect(outcome.exitCode).toBe(1);
    expect(await entry('flaky', 'good', 'v1', flaky)).toBeTruthy();
    expect(await entry('flaky', 'bad', 'v1', flaky)).toBeUndefined();
    expect(outcome.annotations.map(({ message }) => message).join('\n')).toMatch(
      /docker pull .* ended with exit code 1: .*(blob|unknown|not found)/i,
    );
    expect(dockerd.images()).toEqual([]);
  });

  it("works where the user's home is read-only", async () => {
    await pushImage(source.url, 'home/one', ['v1'], makeImage({ seed: 'home' }));
    const outcome = await run({ namespaces: `${source.host}/home`, ...LOGIN }, { HOME: '/proc' });
    expect(outcome.annotations).toEqual([]);
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(outcome.leftovers).toEqual([]);
  });

  it('reports a push as failed when the target lacks the image, whatever docker says', async () => {
    await pushImage(source.url, 'liar/one', ['v1'], makeImage({ seed: 'liar' }));
    const liar = await startServer(async (request, response) => {
      const body = request.headers['content-type']?.includes('manifest') === true;
      if (request.method === 'PUT' && body) {
        response.writeHead(201, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end();
        return;
      }
      await pipeRequest(request, response, target.url);
    });
    const outcome = await run({
      namespaces: `${source.host}/liar`,
      target: `${liar.host}/mirror`,
      ...LOGIN,
      retries: '0',
    });
    await liar.close();
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(await github.file('octo/meta', `${source.host}/liar.json`)).toBeUndefined();
  });

  it("adopts gcrsync's tags that the target has, and copies only those that differ or are missing", async () => {
    const [same, again, other, missing] = ['same', 'again', 'other', 'missing'].map((seed) =>
      makeImage({ seed }),
    );
    if (!same || !again || !other || !missing) throw new Error('no images');
    const authorization = {
      authorization: `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`,
    };
    for (const [tag, image] of Object.entries({ same, again, other, missing })) {
      await pushImage(source.url, 'old/img', [tag], image);
    }
    const [config = new Uint8Array()] = again.blobs.values();
    const compressed = makeManifest(again.mediaType, { ...contentOf(again), layers: [] }, [config]);
    await pushImage(target.url, 'mirror/img', ['same'], same, authorization);
    await pushImage(target.url, 'mirror/img', ['again'], compressed, authorization);
    await pushImage(
      target.url,
      'mirror/img',
      ['other'],
      makeImage({ seed: 'something else' }),
      authorization,
    );
    await github.putFile(
      'octo/meta',
      'old',
      JSON.stringify(['img:again', 'img:missing', 'img:other', 'img:same', 'img:was-deleted']),
    );
    const inputs = { namespaces: `${source.host}/old`, 'manifest-path': '{namespace}', ...LOGIN };
    const outcome = await run(inputs);
    expect(outcome.outputs).toMatchObject({
      added: '1',
      updated: '1',
      unchanged: '2',
      gone: '1',
      complete: 'true',
    });
    const text = (await github.file('octo/meta', 'old')) ?? '';
    expect(text).toContain(`"same": "${same.digest}"`);
    expect(text).toContain(`"again": { "digest": "${again.digest}", "target": "${compressed.digest}" }`);
    expect(text).toContain('"was-deleted": null');
    expect((await run(inputs)).outputs).toMatchObject({ changed: 'false', unchanged: '4' });
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../src/action/sleep.ts';
import { githubCredential } from '../../src/action/credentials.ts';
import type { Exec } from '../../src/copy/docker/cli.ts';
import { openDockerEngine } from '../../src/copy/docker/open.ts';
import type { Engine } from '../../src/copy/engine.ts';
import { DOCKER_MANIFEST } from '../../src/oci/media-types.ts';
import { startCopying, taskOf, observe } from '../support/fixtures/copying.ts';
import { describe as descriptor, makeImage, makeManifest, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { startAcr } from '../support/registries/targets/acr.ts';
import { startEcr } from '../support/registries/targets/ecr.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/** Targets that reject images: the bundle as a process against docker-registry, and docker against stand-ins. */

let source: MemoryRegistry;
let dockerd: Dockerd;
let github: GitHubStandIn;
let folder: string;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'targets-'));
  source = await startMemoryRegistry({ google: true });
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': {} });
  await pushImage(source.url, 'ns/img', ['v1'], makeImage({ seed: 'targets' }));
});
afterAll(async () => {
  await Promise.all([github, dockerd, source].map((server) => server.close()));
  await rm(folder, { recursive: true });
});

async function mirror(
  target: TestServer,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<RunOutcome> {
  runs += 1;
  return runAction({
    inputs: {
      namespaces: `${source.host}/ns`,
      target: `${target.host}/mirror`,
      retries: '1',
      'manifest-path': `${runs}/{namespace}.json`,
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost, ...env },
  });
}

function messagesOf({ annotations }: RunOutcome): string {
  return annotations.map(({ message }) => message).join('\n');
}

describe('docker-registry', () => {
  it.each([
    ['is read-only', 'registry'],
    ['is read-only', 'docker'],
    // docker itself retries this for most of a minute.
    ['is the cache of another', 'registry'],
  ])('that %s is named, with what to do, by engine %s', async (what, engine) => {
    const filesystem = { rootdirectory: join(folder, `data-${runs}`) };
    const readonly = { storage: { filesystem, maintenance: { readonly: { enabled: true } } } };
    const cache = { storage: { filesystem }, proxy: { remoteurl: source.url } };
    const target = await startDockerRegistry({ config: what === 'is read-only' ? readonly : cache });
    const outcome = await mirror(target, { engine });
    await target.close();
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(messagesOf(outcome)).toContain(`${source.host}/ns/img:v1: `);
    expect(messagesOf(outcome)).toMatch(
      /The target accepts no pushes: it is read-only, or a cache of another/,
    );
  });

  it('rejects foreign layers by default, which is explained and not retried', async () => {
    const target = await startDockerRegistry();
    const config = Buffer.from('{}');
    const layer = {
      ...descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', Buffer.from('elsewhere')),
      urls: ['https://example.com/layer'],
    };
    const content = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptor('application/vnd.docker.container.image.v1+json', config),
      layers: [layer],
    };
    await pushImage(source.url, 'windows/img', ['v1'], makeManifest(DOCKER_MANIFEST, content, [config]));
    const inputs = { namespaces: `${source.host}/windows`, engine: 'registry', retries: '5' };
    const outcome = await mirror(target, inputs);
    await target.close();
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(messagesOf(outcome)).toMatch(
      /status 500, .*The image has foreign layers.*validation\.manifests\.urls.*"exclude"/,
    );
    expect(outcome.duration).toBeLessThan(15_000);
  });
});

describe('Azure ACR', () => {
  const ID = '00000000-0000-0000-0000-000000000000';

  it.each([
    [
      'the docker config',
      { auth: Buffer.from(`${ID}:`).toString('base64'), identitytoken: 'r3fresh-token' },
      '',
    ],
    ['a helper', {}, JSON.stringify({ ServerURL: '', Username: '<token>', Secret: 'r3fresh-token' })],
  ])('opens to a refresh token of %s', async (_, auth, answer) => {
    const acr = await startAcr('r3fresh-token');
    const config = await mkdtemp(join(folder, 'config-'));
    const credsStore = answer === '' ? {} : { credsStore: 'acr' };
    await writeFile(
      join(config, 'config.json'),
      JSON.stringify({ auths: { [acr.host]: auth }, ...credsStore }),
    );
    await writeFile(join(config, 'docker-credential-acr'), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    const env = { DOCKER_CONFIG: config, PATH: `${config}:${process.env['PATH'] ?? ''}` };
    const outcome = await mirror(acr, { engine: 'registry' }, env);
    await acr.close();
    expect(outcome.outputs).toMatchObject({ added: '1', complete: 'true' });
    expect(acr.granted).toContain('repository:mirror/img:pull,push');
    expect(outcome.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('r3fresh-token');
  });
});

describe('docker', () => {
  it('says that the repository must be created', async () => {
    const ecr = await startEcr([]);
    const outcome = await mirror(ecr, { engine: 'docker' });
    await ecr.close();
    expect(messagesOf(outcome)).toMatch(
      /docker push .* ended with exit code 1: .*The repository with name 'mirror\/img' does not exist.*Create the repository in Amazon ECR/,
    );
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '1' });
  });

  it('accepts an immutable tag that has the image already, and says when it has another one', async () => {
    const ecr = await startEcr(['mirror/img'], { immutable: true });
    const first = await mirror(ecr, { engine: 'docker' });
    // Another record file, as if the first were lost.
    const second = await mirror(ecr, { engine: 'docker' });
    await pushImage(source.url, 'moved/img', ['v1'], makeImage({ seed: 'moved' }));
    const third = await mirror(ecr, { engine: 'docker', namespaces: `${source.host}/moved` });
    await ecr.close();
    expect([first.outputs['added'], second.outputs['added']]).toEqual(['1', '1']);
    expect(second.outputs).toMatchObject({ failed: '0', complete: 'true' });
    expect(third.outputs).toMatchObject({ added: '0', failed: '1' });
    expect(messagesOf(third)).toMatch(
      /cannot be overwritten because the repository is immutable\. .*switch immutability off/,
    );
  });

  it('shows no part of an account that is rejected', async () => {
    const username = 'user-name-0123456789';
    const target = await startDockerRegistry({ htpasswd: { username: 'mirror', password: 'right' } });
    const accounts = `- registry: ${target.host}\n  username: ${username}\n  password: wr0ng-pa55`;
    const outcome = await mirror(target, { engine: 'docker', 'registry-auth': accounts });
    await target.close();
    expect(messagesOf(outcome)).toContain(
      `${target.host} refuses the credentials from the input registry-auth, line 1: check them`,
    );
    expect(outcome.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toMatch(/user-name-0123456789|wr0ng-pa55/);
  });
});

describe("docker, with GitHub's token as a fallback,", () => {
  const exec: Exec = async (command, args, { env, input }) => {
    const run = promisify(execFile)(command, [...args], { env: { ...env } });
    run.child.stdin?.end(input ?? '');
    return run.then(
      ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ exitCode: error.code, ...error }),
    );
  };
  const unused: Engine = { width: 1, copy: async () => 0, close: async () => {} };

  /** Copies the image of `registry`, logged in there with the token, and returns the log. */
  async function copy(
    registry: MemoryRegistry,
    target: TestServer,
  ): Promise<{ verified: string[]; log: string }> {
    const log: string[] = [];
    const say = (message: string): void => void log.push(message);
    const credential = githubCredential(TOKENS.write, 'octocat');
    const engine = await openDockerEngine({
      exec,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, DOCKER_HOST: dockerd.dockerHost },
      userConfig: join(folder, 'no-config'),
      tempFolder: folder,
      logins: { source: new Map([[registry.host, credential]]), target: new Map() },
      onFolder: () => {},
      indexEngine: unused,
      sleep,
      concurrency: 1,
      logger: { debug: (line) => say(typeof line === 'string' ? line : line()), info: say, warning: say },
      abort: new AbortController().signal,
    });
    const observer = observe();
    const image = makeImage({ seed: 'targets' });
    pushTo(registry, image);
    await engine.copy(taskOf(startCopying(registry, target, { credential }), 'img', image), observer);
    await engine.close();
    return { verified: Array.from(observer.verified.keys()), log: log.join('\n') };
  }

  function pushTo({ store }: MemoryRegistry, image: ReturnType<typeof makeImage>): void {
    for (const bytes of image.blobs.values()) store.putBlob('img', bytes);
    store.putManifest('img', 'v1', image.mediaType, image.bytes);
  }

  it('pulls public images anonymously when the login is rejected', async () => {
    const registry = await startMemoryRegistry({ auth: { kind: 'token' } });
    const target = await startDockerRegistry();
    const { verified, log } = await copy(registry, target);
    await Promise.all([registry.close(), target.close()]);
    expect(verified).toEqual(['v1']);
    expect(log).toContain(`${registry.host} refuses the credentials from the input github-token`);
    expect(log).not.toContain(TOKENS.write);
  });

  it('pulls public images anonymously when the pull is rejected, and private ones with the token', async () => {
    const auth = { kind: 'token', username: 'octocat', password: TOKENS.write } as const;
    const registry = await startMemoryRegistry({ auth: { ...auth, open: true } });
    const target = await startDockerRegistry();
    let refused = 0;
    registry.intercept = ({ url = '', headers }, response) => {
      const isToken =
        url.startsWith('/token') && url.includes('scope=') && headers.authorization !== undefined;
      if (isToken) {
        refused += 1;
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end('{"errors":[{"code":"DENIED","message":"denied"}]}');
      }
      return isToken;
    };
    expect((await copy(registry, target)).verified).toEqual(['v1']);
    expect(refused).toBeGreaterThan(0);
    const closed = await startMemoryRegistry({ auth });
    expect((await copy(closed, target)).verified).toEqual(['v1']);
    await Promise.all([registry.close(), closed.close(), target.close()]);
  });
});

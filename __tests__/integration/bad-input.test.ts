import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, sendJson, startServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOptions, type RunOutcome, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'right-password' };

let source: MemoryRegistry;
let target: TestServer;
let dockerd: Dockerd;
let github: GitHubStandIn;

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true });
  target = await startDockerRegistry({ htpasswd: LOGIN });
  dockerd = await startDockerd();
  github = await startGitHub({
    'octo/meta': {},
    'octo/archived': { archived: true },
    'octo/protected': { protected: true },
  });
  await pushImage(source.url, 'ns/one', ['v1'], makeImage({ seed: 'one' }));
  await pushImage(source.url, 'ns/two', ['v1'], makeImage({ seed: 'two' }));
});

afterAll(async () => {
  await Promise.all([github, dockerd, target, source].map((server) => server.close()));
});

async function run(inputs: Record<string, string>, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
  return runAction({
    inputs: { namespaces: `${source.host}/ns`, target: `${target.host}/mirror`, ...LOGIN, ...inputs },
    apiUrl: github.url,
    token: TOKENS.write,
    env: { DOCKER_HOST: dockerd.dockerHost },
    ...options,
  });
}

function messageOf({ annotations }: RunOutcome): string {
  return annotations.map(({ message }) => message).join('\n');
}

describe('a wrong input', () => {
  it('is reported together with all others, before any request is sent', async () => {
    source.requests.length = 0;
    github.requests.length = 0;
    const outcome = await run({
      namespaces: 'gcr.io/Up/Case, -lead/x',
      target: 'nohost',
      mode: 'mirror',
      engine: 'podman',
      'dry-run': 'perhaps',
      'fail-on-error': 'yes',
      concurrency: '0',
      'http-timeout': '30',
      'manifest-path': '../{namespace}.json',
      'target-name': '{repo}',
      'metadata-repository': 'nowhere',
      platforms: 'amd64',
    });
    expect(outcome.exitCode).toBe(1);
    const message = messageOf(outcome);
    const named = [
      'namespaces: "gcr.io/Up/Case"',
      'namespaces: "-lead/x"',
      'target: "nohost"',
      'mode: "mirror" is not one of sync',
      'engine: "podman" is not one of docker, registry',
      'dry-run: "perhaps"',
      'fail-on-error: "yes"',
      'concurrency: "0" is not a whole number from 1 to 256',
      'http-timeout: "30"',
      'target-name: {repo}',
      'metadata-repository: "nowhere"',
      'platforms: "amd64"',
    ];
    for (const part of named) expect(message).toContain(part);
    expect([...source.requests, ...github.requests]).toEqual([]);
    expect(outcome.outputs).toMatchObject({ complete: 'false', changed: 'false', added: '0', failed: '0' });
  });

  it('is rejected when "manifest-path" leaves the repository', async () => {
    const outcome = await run({ 'manifest-path': '../{namespace}.json' });
    expect(messageOf(outcome)).toContain('manifest-path: "../ns.json"');
    expect(outcome.exitCode).toBe(1);
  });

  it.each([
    ['octo/nowhere', TOKENS.write, 'Check "metadata-repository"'],
    ['octo/meta', 'not-a-token', '"github-token" is not valid'],
  ])('stops the run before copying: %s with token %s can not be used', async (repository, token, remedy) => {
    const outcome = await run({ 'metadata-repository': repository }, { token });
    expect(messageOf(outcome)).toContain(remedy);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.outputs['changed']).toBe('false');
  });

  it.each([
    ['octo/protected', TOKENS.write, 'rules of this branch refuse direct commits (pull_request)'],
    ['octo/archived', TOKENS.write, 'the repository is archived'],
    ['octo/meta', TOKENS.other, 'fine-grained token or a GitHub App token'],
    ['octo/meta', TOKENS.readOnly, 'permissions: contents: write'],
  ])(
    'stops the run before copying: %s can not be written with token %s',
    async (repository, token, remedy) => {
      const outcome = await run({ 'metadata-repository': repository }, { token });
      expect(messageOf(outcome)).toContain(`${repository} can't be written`);
      expect(messageOf(outcome)).toContain(remedy);
      expect(outcome.exitCode).toBe(1);
      expect(outcome.outputs).toMatchObject({ complete: 'false', added: '0' });
      expect(github.requests.filter(({ method, status }) => method === 'PUT' && status < 300)).toEqual([]);
    },
  );

  it.each([
    ['octo/protected', TOKENS.write, { 'dry-run': 'true' }],
    ['octo/archived', TOKENS.write, { mode: 'plan' }],
    ['octo/archived', TOKENS.readOnly, { mode: 'monitor' }],
    ['octo/meta', TOKENS.readOnly, { mode: 'compare', 'dry-run': 'true' }],
  ])('is no matter to what only reads: %s with token %s and %j', async (repository, token, inputs) => {
    const outcome = await run({ 'metadata-repository': repository, ...inputs }, { token });
    expect(messageOf(outcome)).toBe('');
    expect(outcome.exitCode).toBe(0);
  });

  it('is named when the password of a registry is wrong', async () => {
    const outcome = await run({ password: 'wrong-password', namespaces: `${source.host}/ns` });
    expect(messageOf(outcome)).toContain('the inputs username and password');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('wrong-password');
    expect(outcome.outputs['pending']).toBe('2');
  });

  it('fails only the namespace that does not exist, and the others are mirrored', async () => {
    const outcome = await run({
      namespaces: `${source.host}/nowhere\n${source.host}/ns`,
      'manifest-path': 'unknown/{namespace}.json',
    });
    expect(messageOf(outcome)).toContain(
      `${source.host}/nowhere does not exist, or is private, as a repository`,
    );
    expect(outcome.outputs).toMatchObject({ added: '2', failed: '1', complete: 'false' });
    expect(outcome.exitCode).toBe(1);
  });

  it('does not fail the job when "fail-on-error" is false', async () => {
    const outcome = await run({ namespaces: `${source.host}/nowhere`, 'fail-on-error': 'false' });
    expect(outcome.outputs).toMatchObject({ failed: '1', complete: 'false' });
    expect(outcome.exitCode).toBe(0);
  });

  it('is reported when the registry answers with a web page', async () => {
    const page = await startServer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
    });
    const outcome = await run({ namespaces: `${page.host}/ns` });
    await page.close();
    expect(messageOf(outcome)).toContain('the response is not JSON but text/html');
    expect(outcome.exitCode).toBe(1);
  });

  it('stops reading a tag list of 50 MB at 32 MiB', async () => {
    let sent = 0;
    const endless = await startServer(async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const closed = once(response, 'close');
      response.write('{"tags":["');
      const chunk = 'x'.repeat(1024 ** 2);
      for (sent = 0; sent < 50 && !response.destroyed; sent += 1) {
        if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed]);
      }
      response.end('"]}');
    });
    const outcome = await run({ namespaces: `${endless.host}/ns`, retries: '0' });
    await endless.close();
    expect(messageOf(outcome)).toContain('longer than 32 MiB');
    expect(sent).toBeLessThan(50);
    expect(outcome.exitCode).toBe(1);
  });

  it('skips names and tags that are not valid, and shows them as harmless text', async () => {
    const hostile = await startServer(async (request, response) => {
      if (request.url === '/v2/ns/tags/list') {
        return sendJson(response, 200, {
          child: ['-rf', '../up', 'a|b`<img src=x>', 'good'],
          manifest: {},
          tags: [],
        });
      }
      const digest = `sha256:${'a'.repeat(64)}`;
      const manifest = {
        [digest]: { tag: ['--all', '[x](http://evil)', '::set-output name=x::y'], mediaType: '' },
      };
      return sendJson(response, 200, { child: [], manifest, tags: [] });
    });
    const outcome = await run({ namespaces: `${hostile.host}/ns` });
    await hostile.close();
    expect(outcome.outputs).toMatchObject({ added: '0', failed: '4' });
    expect(outcome.summary.replaceAll(/`[^`]*`/g, '')).not.toMatch(/<img|\[x\]\(http/);
    expect(outcome.log).not.toMatch(/^::set-output name=x/m);
    expect(outcome.exitCode).toBe(1);
  });

  it('is reported when the docker daemon does not run', async () => {
    const outcome = await run({}, { env: { DOCKER_HOST: 'unix:///tmp/no-such-daemon.sock' } });
    expect(messageOf(outcome)).toContain('engine: docker needs the docker command and its daemon');
    expect(outcome.outputs).toMatchObject({ added: '0', pending: '2', complete: 'false' });
    expect(outcome.exitCode).toBe(1);
  });

  it('is reported when the docker command is missing', async () => {
    const outcome = await run({}, { env: { PATH: '/nowhere' } });
    expect(messageOf(outcome)).toContain('set engine: registry');
    expect(outcome.exitCode).toBe(1);
  });

  it('fails the images of two sources that share one target name, names both, and mirrors the others', async () => {
    await pushImage(source.url, 'other/one', ['v1'], makeImage({ seed: 'other one' }));
    const outcome = await run({ namespaces: `${source.host}/ns, ${source.host}/other` });
    expect(messageOf(outcome)).toContain(
      `${source.host}/ns/one and ${source.host}/other/one would both go to`,
    );
    expect(messageOf(outcome)).toContain('"target-name"');
    expect(outcome.outputs).toMatchObject({ failed: '2', complete: 'false' });
    expect(outcome.exitCode).toBe(1);
  });

  it('never overwrites a namespace manifest that can not be read', async () => {
    const path = `${source.host}/broken.json`;
    await pushImage(source.url, 'broken/one', ['v1'], makeImage({ seed: 'one' }));
    await github.putFile('octo/meta', path, '{"version": 1, <<<<<<< HEAD');
    const outcome = await run({ namespaces: `${source.host}/broken` });
    expect(messageOf(outcome)).toContain(`${path} can't be read as a namespace manifest`);
    expect(outcome.exitCode).toBe(1);
    expect(await github.file('octo/meta', path)).toBe('{"version": 1, <<<<<<< HEAD');
  });

  it('is named when an image lacks the platform, while other indexes are reduced to it', async () => {
    const [amd64, arm64] = [makeImage({ seed: 'x' }), makeImage({ seed: 'y', platform: 'linux/arm64' })];
    await pushImage(source.url, 'platforms/both', ['v1'], makeIndex([amd64, arm64]));
    await pushImage(source.url, 'platforms/other', ['v1'], makeIndex([arm64]));
    const inputs = { namespaces: `${source.host}/platforms`, platforms: 'linux/amd64' };
    const outcome = await run(inputs);
    expect(outcome.outputs).toMatchObject({ added: '1', failed: '1' });
    expect(messageOf(outcome)).toContain('has no image for linux/amd64');
    expect(await github.file('octo/meta', `${source.host}/platforms.json`)).toContain(
      '"platforms": ["linux/amd64"]',
    );
    expect(dockerd.images()).toEqual([]);
    expect((await run(inputs)).outputs).toMatchObject({ added: '0', unchanged: '1', failed: '1' });
  });
});

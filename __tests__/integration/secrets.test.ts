import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type TestImage, makeImage } from '../support/fixtures/images.ts';
import { formsOf, watchProcesses } from '../support/fixtures/secrets.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type TestServer, sendJson, startServer } from '../support/network/http.ts';
import { type ForwardProxy, pipeRequest, startForwardProxy } from '../support/network/proxy.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/** With characters that URLs, JSON and both kinds of base64 encode differently. */
const SOURCE = { username: 'reader', password: 's0urce?>pa/55+"w&rd"=~100%' };
const TARGET = { username: 'mirror', password: 't4rget>>pa/55++w?rd=\\&%41' };
const PROXY_PASSWORD = 'pr0xy>>pa/55@w?rd+%41';
const SIGNATURE = 's1gnature-of-a-blob-0123456789';

let source: MemoryRegistry;
let target: TestServer;
/** A proxy in front of the target. */
let gateway: TestServer;
let dockerd: Dockerd;
let github: GitHubStandIn;
let proxy: ForwardProxy;
let storage: TestServer;
let folder: string;
let breakPush = false;
let written: string[] = [];

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true, auth: { kind: 'token', ...SOURCE } });
  target = await startDockerRegistry({ htpasswd: TARGET });
  gateway = await startServer(async (request, response) => {
    const isManifest = request.method === 'PUT' && request.url?.includes('/manifests/') === true;
    if (!breakPush || !isManifest) return pipeRequest(request, response, target.url);
    request.resume();
    return sendJson(response, 403, { errors: [{ code: 'DENIED', message: quote(request.headers) }] });
  });
  storage = await startServer(async (request, response) => {
    response.writeHead(403, { 'content-type': 'text/plain' }).end(`Refused: ${storage.url}${request.url}`);
  });
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': {} });
  proxy = await startForwardProxy(PROXY_PASSWORD);
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  await mkdir(join(folder, 'bin'));
  const real = execFileSync('which', ['docker'], { encoding: 'utf8' }).trim();
  const wrapper = `#!/bin/sh\nprintf '%s\\n' "docker $*" >> '${join(folder, 'argv')}'\nexec '${real}' "$@"\n`;
  await writeFile(join(folder, 'bin', 'docker'), wrapper);
  await chmod(join(folder, 'bin', 'docker'), 0o755);
  put('ns/one', makeImage({ seed: 'secrets' }));
});
afterEach(() => {
  delete source.intercept;
  delete github.intercept;
  breakPush = false;
});
afterAll(async () => {
  await Promise.all(
    [proxy, github, dockerd, storage, gateway, target, source].map((server) => server.close()),
  );
  await rm(folder, { recursive: true });
});

function put(repository: string, image: TestImage): void {
  for (const [, bytes] of image.blobs) source.store.putBlob(repository, bytes);
  source.store.putManifest(repository, 'v1', image.mediaType, image.bytes);
}

/** The answer of a careless server: it quotes the header that it rejects. */
function quote({ authorization }: { readonly authorization?: string | undefined }): string {
  return `can't take the header "Authorization: ${authorization ?? 'none'}"`;
}

/** Everything that a run made visible, by place. */
type Visible = Readonly<
  Record<
    | 'command lines'
    | 'arguments'
    | 'log'
    | 'summary'
    | 'outputs'
    | 'state'
    | 'report'
    | 'metadata repository'
    | 'files left behind',
    string
  >
>;

/** Where the credentials come from. */
type Giver = 'inputs' | 'registry-auth' | 'docker config';

interface Scenario {
  readonly giver: Giver;
  readonly engine: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly token?: string;
}

/** Runs the action, and returns everything that it made visible, without the runner commands that mask secrets. */
async function run({ giver, engine, inputs, token = TOKENS.write }: Scenario): Promise<{
  outcome: RunOutcome;
  visible: Visible;
}> {
  await writeFile(join(folder, 'argv'), '');
  await writeConfig(giver);
  written = [];
  github.intercept = (request, _, body) => {
    written.push(`${request.method} ${request.url} ${body.toString()} ${contentOf(body)}`);
    return false;
  };
  const processes = watchProcesses();
  const outcome = await runAction({
    inputs: {
      namespaces: `${source.host}/ns`,
      target: `${gateway.host}/mirror`,
      'manifest-path': `${giver}/${engine}.json`,
      proxy: `http://user:${encodeURIComponent(PROXY_PASSWORD)}@127.0.0.1:${/\d+$/.exec(proxy.url)?.[0]}`,
      engine,
      retries: '1',
      ...(giver === 'inputs' && {
        'source-username': SOURCE.username,
        'source-password': SOURCE.password,
        ...TARGET,
      }),
      ...(giver === 'registry-auth' && {
        'registry-auth': accountOf(source.host, SOURCE) + accountOf(gateway.host, TARGET),
      }),
      ...inputs,
    },
    apiUrl: github.url,
    token,
    env: {
      // With debug lines, which show each request.
      RUNNER_DEBUG: '1',
      DOCKER_HOST: dockerd.dockerHost,
      DOCKER_CONFIG: join(folder, 'config'),
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    },
  });
  const visible = {
    'command lines': await processes.stop(),
    arguments: await readFile(join(folder, 'argv'), 'utf8'),
    log: outcome.log.replaceAll(/^::add-mask::.*$/gm, ''),
    summary: outcome.summary,
    outputs: JSON.stringify(outcome.outputs),
    state: outcome.state,
    report: JSON.stringify(outcome.report ?? {}),
    'metadata repository': written.join('\n'),
    'files left behind': outcome.leftovers.join('\n'),
  };
  return { outcome, visible };
}

/** An entry of `registry-auth`, for a password of any characters. */
function accountOf(host: string, { username, password }: typeof SOURCE): string {
  return `- registry: ${host}\n  username: ${username}\n  password: |-\n    ${password}\n`;
}

async function writeConfig(giver: Giver): Promise<void> {
  const auth = ({ username, password }: typeof SOURCE): { auth: string } => ({
    auth: Buffer.from(`${username}:${password}`).toString('base64'),
  });
  const auths =
    giver !== 'docker config' ? {} : { [source.host]: auth(SOURCE), [gateway.host]: auth(TARGET) };
  await mkdir(join(folder, 'config'), { recursive: true });
  await writeFile(join(folder, 'config', 'config.json'), JSON.stringify({ auths }));
}

const WithContent = v.pipe(v.string(), v.parseJson(), v.object({ content: v.string() }));

/** The content of a write to the contents API. */
function contentOf(body: Buffer): string {
  const parsed = v.safeParse(WithContent, body.toString());
  return parsed.success ? Buffer.from(parsed.output.content, 'base64').toString() : '';
}

/** Each place that shows part of a secret, and the part. */
function leaks(visible: Partial<Visible>, more: readonly string[] = []): string[] {
  const tokens = source.requests.flatMap(
    ({ authorization = '' }) => /^Bearer (.+)$/.exec(authorization)?.[1] ?? [],
  );
  const passwords = [SOURCE.password, TARGET.password, PROXY_PASSWORD, TOKENS.write];
  const secrets = [...passwords, SIGNATURE, ...more, ...new Set(tokens)];
  return Object.entries(visible).flatMap(([place, text]) =>
    secrets.flatMap((secret) =>
      formsOf(secret)
        .filter((form) => text.includes(form))
        .map((form) => `${form} in ${place}`),
    ),
  );
}

const WAYS: [giver: Giver, engine: string][] = [
  ['inputs', 'registry'],
  ['inputs', 'docker'],
  ['registry-auth', 'registry'],
  ['registry-auth', 'docker'],
  ['docker config', 'registry'],
  ['docker config', 'docker'],
];

describe.each(WAYS)('secrets from the %s, engine %s, stay secret', (giver, engine) => {
  const scenario = { giver, engine };

  it('when the run succeeds', async () => {
    const { outcome, visible } = await run(scenario);
    expect(outcome.outputs).toMatchObject({ complete: 'true', added: '1' });
    expect(proxy.passed).toContain(source.host);
    expect(visible['metadata repository']).toContain('"v1"');
    expect(visible.arguments.includes('docker push')).toBe(engine === 'docker');
    expect(leaks(visible)).toEqual([]);
    expect(outcome.leftovers).toEqual([]);
  });

  it('when a push fails and the registry quotes the request', async () => {
    put('ns/broken', makeImage({ seed: `broken ${giver} ${engine}` }));
    breakPush = true;
    const { outcome, visible } = await run(scenario);
    source.store.deleteTag('ns/broken', 'v1');
    expect(outcome.outputs).toMatchObject({ complete: 'false', failed: '1' });
    expect(visible.log).toContain('Authorization: Basic …');
    expect(leaks(visible)).toEqual([]);
  });

  it('when a signed URL is rejected', async () => {
    put('ns/signed', makeImage({ seed: `signed ${giver} ${engine}` }));
    source.intercept = ({ url = '', headers }, response) => {
      if (!url.includes('/blobs/') || headers.authorization === undefined) return false;
      response.writeHead(307, { location: `${storage.url}/blob?X-Amz-Signature=${SIGNATURE}` }).end();
      return true;
    };
    const { outcome, visible } = await run(scenario);
    source.store.deleteTag('ns/signed', 'v1');
    expect(outcome.outputs).toMatchObject({ complete: 'false', failed: '1' });
    expect(visible.log).toContain(storage.host);
    expect(leaks(visible)).toEqual([]);
  });
});

describe.each(['registry', 'docker'])('secrets that are rejected, engine %s, stay secret', (engine) => {
  const scenario = { giver: 'inputs', engine } as const;
  const wrong = 'wr0ng>>pa/55+w?rd"&%41';

  it.each(['password', 'source-password'])('the input %s', async (input) => {
    put('ns/refused', makeImage({ seed: `refused ${engine} ${input}` }));
    const { outcome, visible } = await run({ ...scenario, inputs: { [input]: wrong } });
    source.store.deleteTag('ns/refused', 'v1');
    expect(outcome.exitCode).toBe(1);
    expect(visible.log).toMatch(/the inputs (?:source-)?username and (?:source-)?password/);
    expect(leaks(visible, [wrong])).toEqual([]);
    expect(outcome.leftovers).toEqual([]);
  });

  it('the GitHub token', async () => {
    const token = 'ghs_wrong>>token+/0123456789';
    const { outcome, visible } = await run({ ...scenario, token });
    expect(visible.log).toContain('"github-token" is not valid');
    expect(outcome.exitCode).toBe(1);
    expect(leaks(visible, [token])).toEqual([]);
  });

  it('all of them, when the source answers 5xx and inputs are wrong', async () => {
    source.intercept = ({ headers }, response) => {
      sendJson(response, 503, { errors: [{ code: 'UNAVAILABLE', message: quote(headers) }] });
      return true;
    };
    const failed = await run(scenario);
    expect(failed.visible.log).toContain('status 503');
    expect(leaks(failed.visible)).toEqual([]);
    const refused = await run({
      ...scenario,
      inputs: {
        mode: 'x',
        target: 'x',
        proxy: `socks5://u:${wrong}@h`,
        'registry-auth': `- registry: a.io\n  username: u\n  password: "${wrong}"`,
      },
    });
    expect(refused.visible.log).toContain('inputs are wrong');
    expect(refused.visible.log).toMatch(/registry-auth: line \d is not valid YAML/);
    expect(leaks(refused.visible, [wrong])).toEqual([]);
  });
});

describe('the test itself', () => {
  it.each([
    (text: string) => Buffer.from(`user:${text}`).toString('base64'),
    (text: string) => Buffer.from(`name:${text} and more`).toString('base64url'),
    (text: string) => `https://user:${encodeURIComponent(text)}@h`,
    (text: string) => JSON.stringify({ text }),
  ])('finds a secret that is visible (%#)', (encode) => {
    for (const secret of [SOURCE.password, TARGET.password, PROXY_PASSWORD])
      expect(leaks({ log: `x ${encode(secret)} x` })).not.toEqual([]);
  });

  it('sees the command lines of other processes', async () => {
    const processes = watchProcesses();
    await promisify(execFile)('sh', ['-c', 'sleep 0.2; : seen by the watch']);
    expect(await processes.stop()).toContain('seen by the watch');
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import { issueBody, labeled } from '../support/fixtures/issues.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import type { TestServer } from '../support/network/http.ts';
import { type RunOptions, type RunOutcome, runAction } from '../support/run/runner.ts';

const REPO = 'octo/meta';
const LOGIN = { username: 'mirror', password: 'right-password' };
const LIST = '# Ours.\nnginx:1.27\n';

let source: MemoryRegistry;
let privateSource: TestServer;
let target: TestServer;
let github: GitHubStandIn;
let issue: number;

beforeAll(async () => {
  [source, privateSource, target, github] = await Promise.all([
    startMemoryRegistry({ google: true }),
    startDockerRegistry({ htpasswd: LOGIN }),
    startDockerRegistry({ htpasswd: LOGIN }),
    startGitHub({ [REPO]: {} }),
  ]);
  await pushImage(source.url, 'ns/one', ['v1'], makeImage({ seed: 'one' }));
  await pushImage(source.url, 'ns/two', ['v1'], makeImage({ seed: 'two' }));
  await pushImage(privateSource.url, 'secret/plans', ['v1'], makeImage({ seed: 'secret' }), {
    authorization: `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`,
  });
});

afterAll(async () => {
  await Promise.all([github, target, privateSource, source].map((server) => server.close()));
});

beforeEach(async () => {
  issue = await github.openIssue(REPO);
  github.rules.set(REPO, {});
  await github.putFile(REPO, 'images.txt', LIST);
});

async function label(
  body: string,
  inputs: Record<string, string> = {},
  options: Partial<RunOptions> = {},
): Promise<RunOutcome> {
  return runAction({
    inputs: {
      request: 'true',
      engine: 'registry',
      target: `${target.host}/mirror`,
      'images-file': 'images.txt',
      ...LOGIN,
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    eventName: 'issues',
    event: labeled(body, {}, issue),
    ...options,
  });
}

const bodies = async (): Promise<string[]> => (await github.comments(REPO, issue)).map(({ body }) => body);

describe('a request', () => {
  it('is mirrored, answered in one comment, and proposed for the list', async () => {
    const body = issueBody(`${source.host}/ns/one:v1\n${source.host}/ns/none:v9`, { list: true });
    const first = await label(body);
    expect(first.exitCode).toBe(1);
    expect(first.outputs).toMatchObject({ added: '1', failed: '1' });
    const digest = makeImage({ seed: 'one' }).digest;
    const [answer = '', ...others] = await bodies();
    expect(others).toEqual([]);
    expect(answer).toContain(`docker pull ${target.host}/mirror/one:v1@${digest}`);
    expect(answer).toContain('**1 of 2 images can be pulled from the mirror.**');
    expect(answer).toContain('/ns/none has no such tag');
    const branch = `sync-action/request-${issue}`;
    expect(await github.file(REPO, 'images.txt', branch)).toBe(`${LIST}${source.host}/ns/one:v1\n`);
    expect(await github.file(REPO, 'images.txt')).toBe(LIST);
    const again = await label(
      issueBody(`${source.host}/ns/one:v1\n${source.host}/ns/two:v1`, { list: true }),
    );
    expect(again.exitCode).toBe(0);
    const [updated = '', ...more] = await bodies();
    expect(more).toEqual([]);
    expect(updated).toContain('was mirrored already');
    expect(updated).toContain('**2 images can be pulled from the mirror.**');
    const pulls = (await github.pulls(REPO)).filter(({ head }) => head.ref === branch);
    expect(pulls).toMatchObject([{ title: `Add images of request #${issue} to the list` }]);
    expect(await github.file(REPO, 'images.txt', branch)).toBe(
      `${LIST}${source.host}/ns/one:v1\n${source.host}/ns/two:v1\n`,
    );
  });

  it('with mistakes is answered, and sends no request to a registry', async () => {
    source.requests.length = 0;
    const evil = '$(touch /tmp/owned)\n@octo <img src=x>\n--privileged x/y\n${{ github.token }}';
    const { exitCode, annotations } = await label(issueBody(`${source.host}/ns/two:v1\n${evil}`));
    expect(exitCode).toBe(1);
    expect(annotations).toMatchObject([{ level: 'error', message: expect.stringContaining('line 2: ') }]);
    const [answer = ''] = await bodies();
    expect(answer).toContain('**Nothing was mirrored.**');
    expect(answer).not.toMatch(/<img|@octo\b/);
    expect(answer.match(/^- line [2-5]: /gm)).toHaveLength(4);
    expect(source.requests).toEqual([]);
    expect(answer).not.toContain(TOKENS.write);
  });

  it('gets no private image, though the mirror has an account for it', async () => {
    const body = issueBody(`${privateSource.host}/secret/plans:v1`);
    const accounts = { 'source-username': LOGIN.username, 'source-password': LOGIN.password };
    const refused = await label(body, accounts);
    expect(refused.exitCode).toBe(1);
    expect(refused.outputs).toMatchObject({ added: '0', failed: '1' });
    expect((await bodies())[0]).toContain('could not be mirrored');
    const allowed = await label(body, { ...accounts, 'request-accounts': 'true' });
    expect(allowed.outputs).toMatchObject({ added: '1', failed: '0' });
  });

  it('is mirrored where the token may neither comment nor open pull requests', async () => {
    github.rules.set(REPO, { noPullRequests: true });
    github.intercept = ({ method, url }, response) => {
      if (method !== 'POST' || url?.includes('/comments') !== true) return false;
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: 'Resource not accessible by integration' }));
      return true;
    };
    const { exitCode, annotations } = await label(issueBody(`${source.host}/ns/two:v1`, { list: true }));
    delete github.intercept;
    expect(exitCode).toBe(0);
    expect(annotations).toMatchObject([
      { level: 'warning', message: expect.stringContaining('Allow GitHub Actions to create and approve') },
      { level: 'warning', message: expect.stringContaining('permissions: issues: write') },
    ]);
  });

  it('is refused where anyone could have caused the event', async () => {
    const event = { ...labeled(issueBody(`${source.host}/ns/two:v1`), {}, issue), action: 'opened' };
    const { exitCode, annotations } = await label('', {}, { event });
    expect(exitCode).toBe(1);
    expect(annotations[0]?.message).toContain('types: [labeled]');
    expect(await bodies()).toEqual([]);
  });

  it('sends GitHub what its description has', () => {
    expect(github.requests.length).toBeGreaterThan(0);
    expect(github.violations).toEqual([]);
  });
});

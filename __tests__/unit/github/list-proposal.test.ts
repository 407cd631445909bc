import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitHubClient } from '../../../src/github/client.ts';
import { type ListChange, ListProposals } from '../../../src/github/list-proposal.ts';
import { createDispatcher } from '../../../src/oci/http/dispatcher.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { injectFaults, isDone, page, says } from '../../support/github/faults.ts';
import { type GitHubStandIn, startGitHub } from '../../support/github/stand-in.ts';
import { TOKENS } from '../../support/github/tokens.ts';

const REPO = 'octo/meta';
const dispatcher = createDispatcher({ timeout: 5000, connections: 5, proxy: {} });
let github: GitHubStandIn;
let number = 100;

beforeAll(async () => {
  github = await startGitHub({ [REPO]: {} });
});
afterAll(async () => {
  await dispatcher.destroy();
  await github.close();
});
beforeEach(async () => {
  number += 1;
  github.rules.set(REPO, {});
  delete github.intercept;
  await github.putFile(REPO, 'images.txt', 'nginx:1.27\n');
});

const adding = (line: string, path = 'images.txt'): ListChange => ({
  path,
  title: `Add images of request #${number} to the list`,
  body: `Closes #${number}.`,
  update: (text) => (text.includes(`${line}\n`) ? undefined : `${text}${line}\n`),
});

async function propose(change: ListChange, token: string = TOKENS.write): Promise<string | undefined> {
  const octokit = createGitHubClient({
    token,
    apiUrl: github.url,
    dispatcher,
    logger: silentLogger,
  });
  return new ListProposals(octokit).propose({ owner: 'octo', repo: 'meta', number }, change);
}

const branch = (): string => `sync-action/request-${number}`;
const pullsOfIssue = async (): Promise<string[]> =>
  (await github.pulls(REPO)).filter(({ head }) => head.ref === branch()).map(({ title }) => title);

describe('a proposal', () => {
  it('is one pull request, which a second run updates', async () => {
    const url = await propose(adding('busybox:1'));
    expect(url).toMatch(/\/octo\/meta\/pull\/\d+$/);
    expect(await github.file(REPO, 'images.txt', branch())).toBe('nginx:1.27\nbusybox:1\n');
    expect(await github.file(REPO, 'images.txt')).toBe('nginx:1.27\n');
    expect(await propose(adding('alpine:3'))).toBe(url);
    expect(await propose(adding('alpine:3'))).toBe(url);
    expect(await github.file(REPO, 'images.txt', branch())).toBe('nginx:1.27\nbusybox:1\nalpine:3\n');
    expect(await pullsOfIssue()).toEqual([`Add images of request #${number} to the list`]);
  });

  it('is not made for what the list has', async () => {
    expect(await propose(adding('nginx:1.27'))).toBeUndefined();
    expect(await pullsOfIssue()).toEqual([]);
    expect(await github.file(REPO, 'images.txt', branch())).toBeUndefined();
  });

  it('starts a list', async () => {
    await propose(adding('busybox:1', 'other/list.txt'));
    expect(await github.file(REPO, 'other/list.txt', branch())).toBe('busybox:1\n');
  });

  it('writes again when somebody else wrote first', async () => {
    let conflicts = 0;
    github.intercept = ({ method, url }, response) => {
      if (method !== 'PUT' || url?.includes('/contents/') !== true || conflicts > 0) return false;
      conflicts += 1;
      response.writeHead(409, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: 'images.txt does not match' }));
      return true;
    };
    expect(await propose(adding('busybox:1'))).toMatch(/pull/);
    expect(conflicts).toBe(1);
  });

  it.each(['/git/refs', '/pulls'])('is made once though the answer of POST %s was lost', async (path) => {
    const again = says(422, `Validation Failed: a pull request already exists for octo:${branch()}.`);
    injectFaults(github, [{ method: 'POST', path, faults: [isDone(page(502)), again] }]);
    expect(await propose(adding('busybox:1'))).toMatch(/\/octo\/meta\/pull\/\d+$/);
    expect(await pullsOfIssue()).toEqual([`Add images of request #${number} to the list`]);
    expect(await github.file(REPO, 'images.txt', branch())).toBe('nginx:1.27\nbusybox:1\n');
  });

  it('is made once though the answer of the write that starts a list was lost', async () => {
    const path = `list-${number}.txt`;
    injectFaults(github, [{ method: 'PUT', path, faults: [isDone(page(502))] }]);
    expect(await propose(adding('busybox:1', path))).toMatch(/pull/);
    expect(await github.file(REPO, path, branch())).toBe('busybox:1\n');
  });

  it('is made on a protected default branch', async () => {
    github.rules.set(REPO, { protected: true });
    expect(await propose(adding('busybox:1'))).toMatch(/pull/);
  });
});

describe('a proposal that is refused', () => {
  it('names the setting of the repository, and is made once it is on', async () => {
    github.rules.set(REPO, { noPullRequests: true });
    await expect(propose(adding('busybox:1'))).rejects.toThrow(
      'Actions, General, "Allow GitHub Actions to create and approve pull requests" (GitHub says: GitHub Actions is not permitted',
    );
    github.rules.set(REPO, {});
    expect(await propose(adding('busybox:1'))).toMatch(/pull/);
    expect(await github.file(REPO, 'images.txt', branch())).toBe('nginx:1.27\nbusybox:1\n');
  });

  it('names the permissions', async () => {
    await expect(propose(adding('busybox:1'), TOKENS.readOnly)).rejects.toThrow(
      '"permissions: contents: write" and "pull-requests: write"',
    );
  });

  it('leaves a file that is no text alone', async () => {
    await github.putFile(REPO, 'binary', Uint8Array.of(0xff, 0xfe, 0x00));
    await expect(propose(adding('busybox:1', 'binary'))).rejects.toThrow('not valid');
    expect(await pullsOfIssue()).toEqual([]);
  });

  it('sends GitHub what its description has', () => {
    expect(github.requests.length).toBeGreaterThan(0);
    expect(github.violations).toEqual([]);
  });
});

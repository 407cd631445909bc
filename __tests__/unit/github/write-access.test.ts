import { Agent } from 'undici';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectClient } from '../../../src/github/client.ts';
import { type WriteAccessOptions, WriteAccess } from '../../../src/github/write-access.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../support/network/http.ts';

interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

const REPO = '/repos/octo/meta';
const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found' } };
/** GitHub checks the permission first, and then finds that the content is missing. */
const INCOMPLETE: Answer = {
  status: 422,
  body: { message: 'Invalid request.\n\n"content" wasn\'t supplied.' },
};

const dispatcher = new Agent();
let api: TestServer;
/** By method and path. */
let answers: Map<string, Answer>;
let requests: string[];
let warnings: string[];

beforeEach(async () => {
  requests = [];
  warnings = [];
  answers = new Map([
    // For an App, GitHub reports push: false whatever it may do.
    [`GET ${REPO}`, { body: { archived: false, default_branch: 'main', permissions: { push: false } } }],
    [`GET ${REPO}/rules/branches/main`, { body: [] }],
    [`GET ${REPO}/contents`, { body: [entry('CHANGELOG.md'), entry('gcr.io', 'dir')] }],
    [`GET ${REPO}/contents/gcr.io`, { body: [entry('gcr.io/a.json')] }],
    [`PUT ${REPO}/contents/.sync-action-write-access`, INCOMPLETE],
  ]);
  api = await startServer(async (request, response) => {
    await readAll(request);
    const name = `${request.method} ${request.url}`;
    requests.push(name);
    const { status = 200, body } = answers.get(name) ?? NOT_FOUND;
    sendJson(response, status, body);
  });
});

afterEach(async () => {
  await api.close();
});
afterAll(async () => {
  await dispatcher.destroy();
});

function entry(path: string, type = 'file', more: object = {}): object {
  return { path, type, name: path, sha: 'a'.repeat(40), size: 1, ...more };
}

const PATHS = ['gcr.io/a.json', 'CHANGELOG.md'];

async function check(
  options: Partial<WriteAccessOptions> = {},
  paths: readonly string[] = PATHS,
): Promise<string | undefined> {
  const logger = { debug() {}, info() {}, warning: (message: string) => void warnings.push(message) };
  const client = { token: 'ghs_x', apiUrl: api.url, dispatcher, logger };
  const access = new WriteAccess({
    octokit: createDirectClient(client),
    owner: 'octo',
    repo: 'meta',
    tokenKind: 'workflow',
    probes: true,
    logger,
    ...options,
  });
  try {
    await access.check(paths);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A rule of the ruleset 7, which the token may bypass as `bypass` says. */
function rule(type: string, bypass?: string): void {
  answers.set(`GET ${REPO}/rules/branches/main`, { body: [{ type, ruleset_id: 7 }] });
  answers.set(`GET ${REPO}/rulesets/7`, {
    body: { id: 7, ...(bypass !== undefined && { current_user_can_bypass: bypass }) },
  });
}

describe('WriteAccess', () => {
  it('accepts a repository that can be written, with one request for each folder', async () => {
    expect(await check({}, ['gcr.io/a.json', 'gcr.io/b.json', 'CHANGELOG.md'])).toBeUndefined();
    expect(requests).toHaveLength(5);
    expect(warnings).toEqual([]);
  });

  it.each(['workflow', 'app', 'user'] as const)('refuses an archived repository: %s', async (tokenKind) => {
    answers.set(`GET ${REPO}`, { body: { archived: true } });
    expect(await check({ tokenKind })).toMatch(/^octo\/meta can't be written: .*archived; unarchive it/);
  });

  it('refuses a user who may only read', async () => {
    expect(await check({ tokenKind: 'user' })).toMatch(
      /lacks the permission.*"permissions: contents: write"/,
    );
    expect(requests.filter((name) => name.startsWith('PUT'))).toEqual([]);
  });

  it.each([
    ['workflow', 'Resource not accessible by integration'],
    ['app', 'Resource not accessible by integration'],
    ['user', 'Resource not accessible by personal access token'],
  ] as const)('refuses a token that may only read: %s', async (tokenKind, message) => {
    const permissions = { push: true };
    answers.set(`GET ${REPO}`, { body: { archived: false, default_branch: 'main', permissions } });
    answers.set(`PUT ${REPO}/contents/.sync-action-write-access`, { status: 403, body: { message } });
    expect(await check({ tokenKind })).toMatch(
      /lacks the permission.*"permissions: contents: write".*GitHub says: Resource/,
    );
  });

  it('sends no write from other jobs of a matrix, which share a limit', async () => {
    expect(await check({ probes: false })).toBeUndefined();
    expect(requests.filter((name) => name.startsWith('PUT'))).toEqual([]);
  });

  it.each(['pull_request', 'merge_queue', 'update', 'required_status_checks'])(
    'refuses a branch with the rule %s, if it may not be bypassed',
    async (type) => {
      rule(type, 'never');
      expect(await check()).toMatch(
        /"main": rules of this branch refuse direct commits \(\w+\); let the token bypass/,
      );
      rule(type, 'always');
      expect(await check()).toBeUndefined();
      rule(type);
      expect(await check()).toBeUndefined();
    },
  );

  it.each(['deletion', 'non_fast_forward', 'required_linear_history', 'required_signatures'])(
    'accepts a branch with the rule %s, which commits of the contents API keep',
    async (type) => {
      rule(type, 'never');
      expect(await check()).toBeUndefined();
    },
  );

  it('names committer where signed commits are required', async () => {
    rule('required_signatures', 'never');
    const committer = { name: 'A', email: 'a@b.test' };
    expect(await check({ committer })).toMatch(
      /"main": this branch requires signed commits.*"committer": remove/,
    );
  });

  it('only warns another App, which may bypass rules although GitHub says otherwise', async () => {
    rule('pull_request', 'never');
    expect(await check({ tokenKind: 'app' })).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('refuse direct commits (pull_request)')]);
  });

  it('checks the branch of the inputs', async () => {
    answers.set(`GET ${REPO}/rules/branches/records%2F2026`, { body: [{ type: 'pull_request' }] });
    expect(await check({ branch: 'records/2026' })).toContain('"records/2026": rules of this branch');
    expect(requests).not.toContain(`GET ${REPO}/rules/branches/main`);
  });

  it.each([
    ['symlink', {}, 'symbolic link'],
    ['dir', {}, 'folder'],
    ['submodule', {}, 'submodule'],
    ['file', { submodule_git_url: 'https://github.com/octo/other.git' }, 'submodule'],
  ])('refuses a path at which there is another thing than a file: %s %j', async (type, more, name) => {
    answers.set(`GET ${REPO}/contents`, { body: [entry('CHANGELOG.md', type, more)] });
    expect(await check()).toMatch(
      new RegExp(
        `^octo/meta can't be written: "CHANGELOG\\.md" is a ${name}, where a file is needed; remove it`,
      ),
    );
  });

  it.each([
    ['symlink', 'symbolic link'],
    ['file', 'file'],
    ['submodule', 'submodule'],
  ])('refuses a folder that is a %s', async (type, name) => {
    answers.set(`GET ${REPO}/contents/gcr.io`, { body: entry('gcr.io', type) });
    expect(await check()).toContain(`"gcr.io" is a ${name}, where a folder is needed`);
  });

  it('leaves other links alone, and folders that do not exist yet', async () => {
    answers.set(`GET ${REPO}/contents`, { body: [entry('README.md', 'symlink')] });
    answers.delete(`GET ${REPO}/contents/gcr.io`);
    expect(await check()).toBeUndefined();
  });

  it.each([500, 403, 404])('accepts what GitHub does not say, answering %s', async (status) => {
    for (const name of Array.from(answers.keys())) answers.set(name, { status, body: { message: 'Oops' } });
    expect(await check()).toBeUndefined();
  });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readWorkflowFile } from '../../../src/action/workflow-file.ts';
import { parseTestInputs } from '../../support/fixtures/inputs.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';

const PATH = '.github/mirror.yml';
const INPUTS = parseTestInputs({ 'github-token': 'ghs_other', 'workflow-token': 'ghs_token' });

let folder: string;
let api: TestServer;
/** What the API has, by path and ref. */
let committed: Map<string, string | Uint8Array>;
const requests: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workspace-'));
  await mkdir(join(folder, 'workspace', '.github'), { recursive: true });
  committed = new Map();
  requests.length = 0;
  api = await startServer(async ({ url = '', headers }, response) => {
    requests.push(`${headers.authorization} ${url}`);
    const file = committed.get(url);
    if (file === undefined) return sendJson(response, 404, { message: 'Not Found' });
    response.writeHead(200, { 'content-type': 'application/vnd.github.raw+json' });
    response.end(file);
  });
  vi.stubEnv('GITHUB_WORKSPACE', join(folder, 'workspace'));
  vi.stubEnv('GITHUB_REPOSITORY', 'octo/here');
  vi.stubEnv('GITHUB_SHA', 'abc123');
  vi.stubEnv('GITHUB_API_URL', api.url);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
  await rm(folder, { recursive: true });
});

const AT_COMMIT = '/repos/octo/here/contents/.github/mirror.yml?ref=abc123';

describe('readWorkflowFile', () => {
  it('reads the checkout, without any request', async () => {
    await writeFile(join(folder, 'workspace', PATH), 'from: checkout');
    expect(await readWorkflowFile(PATH, INPUTS, 'config')).toBe('from: checkout');
    expect(requests).toEqual([]);
  });

  it.each(['the checkout lacks the file', 'there is no workspace'])(
    'reads the commit of the workflow if %s',
    async (reason) => {
      if (reason === 'there is no workspace') vi.stubEnv('GITHUB_WORKSPACE', '');
      committed.set(AT_COMMIT, 'from: commit');
      expect(await readWorkflowFile(PATH, INPUTS, 'config')).toBe('from: commit');
      expect(requests).toEqual([`token ghs_token ${AT_COMMIT}`]);
    },
  );

  it('reads the commit with github-token if there is no token of the workflow', async () => {
    committed.set(AT_COMMIT, 'from: commit');
    const inputs = parseTestInputs({ 'github-token': 'ghs_other', 'workflow-token': '' });
    expect(await readWorkflowFile(PATH, inputs, 'config')).toBe('from: commit');
    expect(requests).toEqual([`token ghs_other ${AT_COMMIT}`]);
  });

  it('names the path and the commit if neither has the file', async () => {
    await expect(readWorkflowFile(PATH, INPUTS, 'config')).rejects.toThrow(
      'config: ".github/mirror.yml" is neither in the workspace nor in octo/here at abc123: check the path',
    );
  });

  it('refuses a link that leads out of the workspace', async () => {
    await writeFile(join(folder, 'secret'), 'outside');
    await symlink(join(folder, 'secret'), join(folder, 'workspace', PATH));
    await expect(readWorkflowFile(PATH, INPUTS, 'config')).rejects.toThrow(
      'config: ".github/mirror.yml" is a link that leads out of the workspace',
    );
  });

  it('names the input in its errors', async () => {
    await expect(readWorkflowFile(PATH, INPUTS, 'images-file')).rejects.toThrow(
      'images-file: ".github/mirror.yml" is neither in the workspace',
    );
  });

  it('follows a link inside the workspace', async () => {
    await writeFile(join(folder, 'workspace', 'real.yml'), 'from: link');
    await symlink('../real.yml', join(folder, 'workspace', PATH));
    expect(await readWorkflowFile(PATH, INPUTS, 'config')).toBe('from: link');
  });

  it('refuses a file that is not UTF-8', async () => {
    await writeFile(join(folder, 'workspace', PATH), Buffer.from([0xff, 0xfe, 0x00]));
    await expect(readWorkflowFile(PATH, INPUTS, 'config')).rejects.toThrow(
      'config: .github/mirror.yml is not UTF-8 text',
    );
  });
});

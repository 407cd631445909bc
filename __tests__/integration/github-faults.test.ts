import { describe, expect, it } from 'vitest';
import {
  type Fault,
  before,
  breaks,
  breaksAfter,
  injectFaults,
  isDone,
  isEmpty,
  isLimited,
  isUsedUp,
  page,
  says,
  stalls,
} from '../support/github/faults.ts';
import {
  type World,
  CHANGELOG,
  commitsOfRuns,
  inWorld,
  sections,
  writes,
} from '../support/run/mirror-world.ts';
import type { RunOutcome } from '../support/run/runner.ts';

const MOVED = `is at ${'a'.repeat(40)} but expected ${'b'.repeat(40)}`;

describe.concurrent('a temporary fault of GitHub', () => {
  it.for<[string, { get?: Fault[]; put?: Fault[]; puts?: number; inputs?: Record<string, string> }]>([
    ['409, the branch moved', { put: [says(409, MOVED)], puts: 3 }],
    ['409, in an unknown wording', { put: [says(409, 'Something came in between')], puts: 3 }],
    ['403, a secondary limit on the read', { get: [isLimited(403, 1)] }],
    ['403, a secondary limit on the write', { put: [isLimited(403, 1)], puts: 3 }],
    ['429, a secondary limit on the read', { get: [isLimited(429, 1)] }],
    ['429, a secondary limit on the write', { put: [isLimited(429, 1)], puts: 3 }],
    ['a rate limit used up briefly, on the read', { get: [isUsedUp(1)] }],
    ['a rate limit used up briefly, on the write', { put: [isUsedUp(1)], puts: 3 }],
    ['5xx', { get: [says(503, 'No server'), says(500, 'Server Error')], put: [says(500, 'x')], puts: 3 }],
    ['HTML pages', { get: [page(502)], put: [page(503)], puts: 3 }],
    ['connections that break', { get: [breaks], put: [breaks], puts: 3 }],
    ['no answer in time', { get: [stalls], put: [stalls], puts: 3, inputs: { 'http-timeout': '2s' } }],
    ['a web page with status 200', { get: [page(200)] }],
    ['a file that is cut off', { get: [breaksAfter('{"version": 1, "images": {}}')] }],
    ['a write that succeeded but was answered 502', { put: [isDone(page(502))] }],
    ['a write that succeeded before the connection broke', { put: [isDone(breaks)] }],
    ['a write that succeeded without an answer', { put: [isDone(stalls)], inputs: { 'http-timeout': '2s' } }],
    ['an empty success for a write that was not done', { put: [isEmpty], puts: 3 }],
    ['a web page in answer to a write that succeeded', { put: [isDone(page(200))] }],
  ])(
    'does not stop recording, each commit and section once: %s',
    async ([, { get = [], put = [], puts = 2, inputs }]) => {
      await inWorld(async (world) => {
        const { github, path, run, held } = world;
        const record = path.slice(path.indexOf('/'));
        // The first read prepares the plan; each write reads the file again.
        injectFaults(github, [
          { method: 'GET', path: record, faults: [before(() => {}), ...get] },
          { method: 'PUT', path: record, faults: put },
        ]);
        const outcome = await run(inputs);
        expect(outcome.exitCode === 0 ? '' : outcome.log).toBe('');
        expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2', unchanged: '1' });
        expect(outcome.log).not.toMatch(/^::error::/m);
        expect(await world.recorded()).toEqual(held);
        expect(await sections(world)).toBe(1);
        expect(writes(world)).toBe(puts);
        expect(await commitsOfRuns(world)).toEqual([
          'Mirror ns: 2 added, 0 updated',
          'Changelog: Mirror ns: 2 added, 0 updated',
        ]);
      });
    },
  );
});

describe.concurrent('a wrong answer in place of the changelog', () => {
  it.for<[string, Fault]>([
    ['nothing', isEmpty],
    ['a web page', page(200)],
    ['404, once', says(404, 'Not Found')],
  ])('never makes a run overwrite it: %s', async ([, fault]) => {
    await inWorld(async (world) => {
      const { github, run } = world;
      injectFaults(github, [{ method: 'GET', path: '/CHANGELOG.md', faults: [fault] }]);
      expect((await run()).outputs).toMatchObject({ complete: 'true', added: '2' });
      const changelog = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
      expect(changelog.replace(/## \d[\s\S]*?<!-- sync .* -->\n+/, '')).toBe(CHANGELOG);
      expect(await sections(world)).toBe(1);
    });
  });
});

describe.concurrent('a metadata repository that was renamed', () => {
  it.for([301, 307, 308])('is read and written through redirects with status %i', async (status) => {
    await inWorld(async (world) => {
      const { github, run, held } = world;
      const redirected: string[] = [];
      const files = [world.path, 'CHANGELOG.md'];
      github.intercept = (request, response) => {
        if (request.url?.startsWith('/repos/octo/before') !== true) return false;
        const [path = ''] = request.url.split('?');
        if (files.some((file) => decodeURIComponent(path).endsWith(`/contents/${file}`)))
          redirected.push(request.method ?? '');
        const location = `${github.url}${request.url.replace('/octo/before', '/octo/meta')}`;
        response.writeHead(status, { location, 'content-type': 'application/json' });
        response.end('{"message": "Moved Permanently"}');
        return true;
      };
      const outcome = await run({ 'metadata-repository': 'octo/before', 'metadata-branch': 'main' });
      expect(outcome.outputs).toMatchObject({ complete: 'true', added: '2', unchanged: '1' });
      expect(await world.recorded()).toEqual(held);
      expect(redirected).toEqual(['GET', 'GET', 'PUT', 'GET', 'PUT']);
    });
  });
});

describe.concurrent('the comment on a pull request', () => {
  async function dryRun(world: World, faults: Fault[], method = 'POST'): Promise<[RunOutcome, string[]]> {
    const number = await world.github.openIssue('octo/meta');
    injectFaults(world.github, [{ method, path: `/issues/${number}/comments`, faults }]);
    const outcome = await world.run({}, { eventName: 'pull_request', event: { pull_request: { number } } });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.summary).toContain('| `new` | `v1` |');
    const comments = await world.github.comments('octo/meta', number);
    return [outcome, comments.map(({ body }) => body)];
  }

  it.for<[string, Fault[], string]>([
    ['a secondary limit, 403', [isLimited(403, 1)], 'POST'],
    ['a secondary limit, 429', [isLimited(429, 1)], 'POST'],
    ['a secondary limit while it is looked up', [isLimited(403, 1)], 'GET'],
    ['a rate limit used up briefly', [isUsedUp(1)], 'POST'],
    ['5xx', [says(502, 'Server Error')], 'POST'],
    ['a comment that was written but answered 502', [isDone(says(502, 'Server Error'))], 'POST'],
    ['a comment that was written before the connection broke', [isDone(breaks)], 'POST'],
  ])('is written once despite %s', async ([, faults, method]) => {
    await inWorld(async (world) => {
      const [outcome, comments] = await dryRun(world, faults, method);
      expect(outcome.annotations).toEqual([]);
      expect(comments).toHaveLength(1);
    });
  });

  it('is skipped with a notice when a limit lasts, and the summary has its content', async () => {
    await inWorld(async (world) => {
      const [outcome, comments] = await dryRun(world, [isLimited(403, 3600)]);
      expect(outcome.annotations).toEqual([
        { level: 'notice', message: expect.stringContaining('secondary rate limit') },
      ]);
      expect(comments).toEqual([]);
    });
  });
});

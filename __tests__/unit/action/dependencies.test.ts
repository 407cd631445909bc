import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDeps } from '../../../src/action/dependencies.ts';
import type { Deps } from '../../../src/modes/deps.ts';
import { type InputContext, parseTestInputs } from '../../support/fixtures/inputs.ts';
import { issueBody, labeled, onIssue } from '../../support/fixtures/issues.ts';

const open: Deps[] = [];
function create(given: Record<string, string> = {}, context: InputContext = {}): Deps {
  const deps = createDeps(parseTestInputs(given, context));
  open.push(deps);
  return deps;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map(async (deps) => deps.close()));
});

const PULL_REQUEST = {
  eventName: 'pull_request',
  event: { pull_request: { number: 7 } },
  env: { GITHUB_REPOSITORY: 'octo/here' },
};

describe('createDeps', () => {
  it('has the metadata repository of the inputs', () => {
    expect(create({ 'metadata-repository': 'octo/records' }).metadata).toMatchObject({
      name: 'octo/records',
    });
  });

  it('comments on pull requests only', () => {
    expect(create()).not.toHaveProperty('comments');
    expect(create({}, PULL_REQUEST)).toHaveProperty('comments');
    expect(create({ comment: 'false' }, PULL_REQUEST)).not.toHaveProperty('comments');
  });

  it('answers requests, and proposes their images', () => {
    const request = create({ request: 'true', engine: 'registry' }, onIssue(labeled(issueBody('nginx'))));
    expect(request).toHaveProperty('comments');
    expect(request).toHaveProperty('listProposals');
    expect(create()).not.toHaveProperty('listProposals');
  });

  it.each([
    ['https://api.github.com', true],
    ['https://github.example/api/v3', false],
  ])('asks GitHub for the packages of ghcr.io only on github.com: %s', (url, has) => {
    vi.stubEnv('GITHUB_API_URL', url);
    expect(create().apis.github !== undefined).toBe(has);
  });

  it('has a key of its own for each job of a run', () => {
    vi.stubEnv('GITHUB_RUN_ID', '42');
    const [one, other] = [create().runKey, create().runKey];
    expect(one).toMatch(/^42\.[0-9a-f]{8}$/);
    expect(other).not.toBe(one);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('cancels the run on %s', (signal) => {
    const before = process.listeners(signal);
    const { lifetime } = create();
    const listener = process.listeners(signal).find((one) => !before.includes(one));
    listener?.(signal);
    expect([lifetime.stopReason(), lifetime.abort.aborted]).toEqual(['cancelled', true]);
    if (listener) process.off(signal, listener);
  });

  it.each([
    ['win32', 1],
    ['linux', 0],
  ] as const)('cancels the run on SIGBREAK where there is one: on %s', (platform, count) => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);
    const on = vi.spyOn(process, 'on').mockReturnValue(process);
    create();
    expect(on.mock.calls.filter(([signal]) => signal === 'SIGBREAK')).toHaveLength(count);
    vi.restoreAllMocks();
  });

  it('sleeps no longer than the run', async () => {
    const { sleep } = create({ 'time-limit': '10ms' });
    await expect(sleep(60_000)).rejects.toThrow('aborted');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputProblems, parseTestInputs } from '../../support/fixtures/inputs.ts';
import { readAction } from '../../support/run/runner.ts';

const action = await readAction();

describe('parseInputs', () => {
  it('reads lists by line and comma, without comments', () => {
    const { namespaces } = parseTestInputs({
      namespaces: 'gcr.io/a, gcr.io/b # why\n# no\n\nquay.io/c/d\r\nplain\ngcr.io/a',
    });
    expect(namespaces.map(({ namespace }) => namespace)).toEqual([
      { registry: 'gcr.io', path: 'a' },
      { registry: 'gcr.io', path: 'b' },
      { registry: 'quay.io', path: 'c/d' },
      { registry: 'gcr.io', path: 'plain' },
    ]);
  });

  it('reads a namespace without a host in the default registry, and a host without a path', () => {
    const { namespaces } = parseTestInputs({
      registry: 'Index.docker.io',
      namespaces: 'library/alpine\nregistry.k8s.io',
    });
    expect(namespaces.map(({ namespace }) => namespace)).toEqual([
      { registry: 'docker.io', path: 'library/alpine' },
      { registry: 'registry.k8s.io', path: '' },
    ]);
  });

  it('is a dry run on pull requests, unless dry-run is false', () => {
    expect(parseTestInputs({}, { eventName: 'pull_request' }).dryRun).toBe(true);
    expect(parseTestInputs({ 'dry-run': 'false' }, { eventName: 'pull_request' }).dryRun).toBe(false);
    expect(parseTestInputs({ 'dry-run': 'TRUE' }).dryRun).toBe(true);
  });

  it.each([
    ['namespaces', '', 'is required'],
    ['namespaces', 'gcr.io/UP', '"gcr.io/UP"'],
    ['namespaces', 'gcr.io/a/../b', 'is not a repository path'],
    ['namespaces', 'gcr.io/', 'nothing follows'],
    ['namespaces', '-x.io/a', 'is not a registry host'],
    ['target', '', 'is required'],
    ['target', 'gcrxio', 'names no registry'],
    ['target', 'gcr.io/distroless', 'a mirror of itself'],
    ['target', 'gcr.io/distroless/mirror', 'a mirror of itself'],
    ['mode', 'mirror', '"mirror" is not one of sync'],
    ['engine', 'podman', '"podman" is not one of docker, registry'],
    ['dry-run', 'maybe', 'is not one of auto, true, false'],
    ['fail-on-error', 'yes', '"yes" is neither true nor false'],
    ['cache', '1', '"1" is neither true nor false'],
    ['referrers', 'yes', '"yes" is neither true nor false'],
    ['referrers', 'true', 'needs engine: registry'],
    ['concurrency', '0', 'from 1 to 256'],
    ['concurrency', '1e3', 'from 1 to 256'],
    ['query-concurrency', '1', 'from 2 to 1000'],
    ['retries', '-1', 'from 0 to 20'],
    ['http-timeout', '30', 'is not a time with its unit'],
    ['http-timeout', '0s', 'is not a time with its unit'],
    ['platforms', 'amd64', 'neither "all" nor a platform'],
    ['target-name', '{repo}-{image}', '{repo} is not one of'],
    ['target-name', 'fixed', 'must contain {image}'],
    ['metadata-repository', 'nowhere', 'owner/name'],
    ['metadata-repository', 'a/..', 'owner/name'],
    ['metadata-branch', 'a..b', 'is not the name of a branch'],
    ['metadata-branch', '-b', 'is not the name of a branch'],
    ['manifest-path', '../{namespace}.json', 'not a path inside the repository'],
    ['manifest-path', '/{namespace}.json', 'not a path inside the repository'],
    ['manifest-path', '.git/{namespace}', 'not a path inside the repository'],
    ['manifest-path', 'CHANGELOG.md', 'is the path of the changelog'],
    ['changelog-path', 'a//b', 'not a path inside the repository'],
    ['timezone', 'Mars/Base', 'IANA time zone'],
    ['committer', 'me', 'Name <email>'],
    [
      'proxy',
      'socks5://proxy.example:1080',
      'is not the URL of an HTTP proxy, such as http://proxy.example:3128',
    ],
    ['proxy', 'http://', 'is not the URL of an HTTP proxy'],
    ['proxy', 'proxy.example:port', 'is not the URL of an HTTP proxy'],
    ['insecure-registries', 'http://x', 'is not a host'],
    ['trusted-hosts', 'http://x', 'is not a host'],
    ['compare-content', 'yes', '"yes" is neither true nor false'],
    ['github-token', '', 'is required'],
  ])('reports what is wrong with %s: %s', (name, value, what) => {
    const message = inputProblems({ [name]: value });
    expect(message).toContain(what);
    expect(message).toContain(`${name}:`);
  });

  it('accepts the names of managed users as owners', () => {
    expect(parseTestInputs({ 'metadata-repository': 'mona_acme/mirror' }).metadata.owner).toBe('mona_acme');
  });

  it('checks the default registry even if no namespace needs it', () => {
    expect(inputProblems({ registry: 'not a host!!' })).toMatch(/^registry: "not a host!!" is not a host/);
  });

  it('reports all problems together', () => {
    expect(inputProblems({ mode: 'x', concurrency: 'x', timezone: 'x' })).toMatch(
      /^3 inputs are wrong:\n- mode.*\n- timezone.*\n- concurrency/,
    );
  });

  it('throws nothing but InputError, whatever the inputs are', () => {
    const name = fc.constantFrom(...Object.keys(action.inputs));
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.string({ unit: 'binary' }))), (given) => {
        expect(typeof inputProblems(given)).toBe('string');
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the inputs mean', () => {
  it.each(['schedule', 'push', 'workflow_dispatch', 'repository_dispatch', 'release', ''])(
    'is not a dry run on %j',
    (eventName) => {
      expect(parseTestInputs({}, { eventName }).dryRun).toBe(false);
    },
  );

  it.each([
    'pull_request',
    'pull_request_target',
    'pull_request_review',
    'pull_request_review_comment',
    'merge_group',
  ])('is a dry run on %s', (eventName) => {
    expect(parseTestInputs({}, { eventName }).dryRun).toBe(true);
    expect(parseTestInputs({ 'dry-run': 'false' }, { eventName }).dryRun).toBe(false);
  });

  it.each([
    ['refs/pull/7/merge', true],
    ['refs/pull/7/head', true],
    ['refs/heads/gh-readonly-queue/main/pr-7-0123456789abcdef', true],
    ['refs/heads/main', false],
    ['refs/heads/pull/7', false],
    ['refs/tags/gh-readonly-queue/x', false],
  ])('is a dry run on the ref %s: %s', (ref, dryRun) => {
    const context = { eventName: 'push', env: { GITHUB_REF: ref } };
    expect(parseTestInputs({}, context).dryRun).toBe(dryRun);
  });

  it.each([
    ['', 'all'],
    ['all', 'all'],
    ['linux/amd64', ['linux/amd64']],
    ['linux/arm64, linux/amd64\nlinux/arm/v7,linux/amd64', ['linux/amd64', 'linux/arm/v7', 'linux/arm64']],
  ])('mirrors the platforms %j', (value, platforms) => {
    expect(parseTestInputs({ platforms: value }).namespaces[0]?.platforms).toEqual(platforms);
  });

  it.each(['darwin', 'win32'])('needs Linux for the docker engine, where it copies: %s', (platform) => {
    const problems = (given: Record<string, string>): string => inputProblems(given, { platform });
    expect(problems({})).toContain(
      `docker needs Linux, and this machine has ${platform}: set "engine: registry"`,
    );
    for (const given of [
      { engine: 'registry' },
      { mode: 'plan' },
      { mode: 'compare' },
      { 'dry-run': 'true' },
    ])
      expect(problems(given)).toBe('none');
    expect(inputProblems({}, { platform: 'linux' })).toBe('none');
  });

  it('reads which tags a plan rechecks from its matrix', () => {
    const turnOf = (values: object): object | undefined =>
      parseTestInputs({ 'job-matrix': JSON.stringify({ namespace: 'gcr.io/ns', ...values }) }).recheckTurn;
    const [day, key] = [20_417, '0123456789abcdef'];
    expect(turnOf({ 'recheck-day': day })).toEqual({ day, last: 'unknown' });
    expect(turnOf({ 'recheck-day': day, 'recheck-last': 20_410, 'recheck-key': key })).toEqual({
      day,
      last: 20_410,
      key,
    });
    expect(turnOf({ 'recheck-day': day, 'recheck-last': 'none', 'recheck-key': key })).toMatchObject({
      last: 'none',
    });
    expect(turnOf({ 'recheck-day': day, 'recheck-key': 'a/b' })).toBeUndefined();
    for (const other of ['null', '{}', '', '{"recheck-day":"x"}'])
      expect(parseTestInputs({ 'job-matrix': other })).not.toHaveProperty('recheckTurn');
  });

  it('refuses a pattern that can never match, and names its line', () => {
    expect(inputProblems({ include: 'a:v*\n# all tools\nTools/*' })).toBe(
      'include: line 3: "Tools/*" can never match: names of images are in lower case',
    );
    expect(inputProblems({ exclude: ':latest' })).toMatch(/^exclude: ":latest" has no image before the ":"/);
  });

  it('refuses a pattern that is too long', () => {
    expect(parseTestInputs({ include: 'x'.repeat(1000) }).include).toHaveLength(1);
    expect(inputProblems({ exclude: 'x'.repeat(1001) })).toMatch(
      /^exclude: ".*…" is longer than 1000 characters$/,
    );
  });
});

describe('shards', () => {
  it.each([
    ['0', '1', { first: 0, last: 0, total: 1 }],
    ['3', '4', { first: 3, last: 3, total: 4 }],
    ['100-299', '65536', { first: 100, last: 299, total: 65_536 }],
    ['0-0', '1', { first: 0, last: 0, total: 1 }],
  ])('accept the part %s of %s', (index, total, shard) => {
    expect(parseTestInputs({ 'shard-index': index, 'shard-total': total }).shard).toEqual(shard);
  });

  it.each([
    ['4', '4', 'from 0 to shard-total - 1, which is 3'],
    ['3-2', '4', 'from 0 to shard-total - 1, which is 3'],
    ['0-4', '4', 'from 0 to shard-total - 1, which is 3'],
    ['-1', '4', '"-1" is not a whole number'],
    ['', '4', '"" is not a whole number'],
    ['1e1', '99', '"1e1" is not a whole number'],
  ])('refuse the part %s of %s', (index, total, text) => {
    const found = inputProblems({ 'shard-index': index, 'shard-total': total });
    expect(found).toMatch(/^shard-index: /);
    expect(found).toContain(text);
  });

  it.each(['0', '65537', 'x'])('refuse %s parts', (total) => {
    expect(inputProblems({ 'shard-total': total })).toContain('shard-total: ');
  });
});

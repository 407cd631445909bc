import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseInputs } from '../../../src/inputs/inputs.ts';
import { InputError } from '../../../src/inputs/reader.ts';
import { recordPath } from '../../../src/mirror/record-path.ts';
import { SAFE_OUTPUTS } from '../../../src/report/outputs.ts';
import {
  type InputContext,
  loadTestInputs,
  parseTestInputs as parse,
} from '../../support/fixtures/inputs.ts';
import { type Action, readAction } from '../../support/run/runner.ts';

let action: Action;
beforeAll(async () => {
  action = await readAction();
});

function problems(given: Record<string, string>, context: InputContext = {}): string {
  try {
    parse(given, context);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

describe('action.yml', () => {
  it('has every input that is read, and no other', async () => {
    const asked = new Set<string>();
    await loadTestInputs({ target: 'docker.io/gcrxio' }, 'namespaces: { gcr.io/distroless: }', { asked });
    expect(Array.from(asked).toSorted()).toEqual(Object.keys(action.inputs).toSorted());
  });

  it('has every output that is set, and no other', () => {
    expect(Object.keys(action.outputs).toSorted()).toEqual(Object.keys(SAFE_OUTPUTS).toSorted());
  });

  it('has the defaults of the contract', () => {
    expect(parse({})).toMatchObject({
      mode: 'sync',
      dryRun: false,
      engine: 'docker',
      namespaces: [{ targetName: '{image}', platforms: 'all', filters: { include: [[], []], exclude: [] } }],
      recheck: 30,
      concurrency: 10,
      queryConcurrency: 50,
      httpTimeout: 30_000,
      retries: 5,
      failOnError: true,
      cache: true,
      shard: { first: 0, last: 0, total: 1 },
      maxShards: 20,
      monitor: { count: 1, interval: 5000 },
      metadata: { owner: 'octo', repo: 'meta', changelogPath: 'CHANGELOG.md', timezone: 'UTC' },
    });
  });
});

describe('parseInputs', () => {
  it('reads lists by line and comma, without comments', () => {
    const { namespaces } = parse({
      namespaces: 'gcr.io/a, gcr.io/b # why\n# no\n\nquay.io/c/d\r\nplain\ngcr.io/a',
    });
    expect(namespaces.map(({ namespace }) => namespace)).toEqual([
      { registry: 'gcr.io', path: 'a' },
      { registry: 'gcr.io', path: 'b' },
      { registry: 'quay.io', path: 'c/d' },
      { registry: 'gcr.io', path: 'plain' },
    ]);
  });

  it('takes a namespace with no host from the default registry, and a host with no path', () => {
    const { namespaces } = parse({
      registry: 'Index.docker.io',
      namespaces: 'library/alpine\nregistry.k8s.io',
    });
    expect(namespaces.map(({ namespace }) => namespace)).toEqual([
      { registry: 'docker.io', path: 'library/alpine' },
      { registry: 'registry.k8s.io', path: '' },
    ]);
  });

  it('is a dry run on pull requests, unless told otherwise', () => {
    expect(parse({}, { eventName: 'pull_request' }).dryRun).toBe(true);
    expect(parse({ 'dry-run': 'false' }, { eventName: 'pull_request' }).dryRun).toBe(false);
    expect(parse({ 'dry-run': 'TRUE' }).dryRun).toBe(true);
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
    ['metadata-branch', 'a..b', 'is not a branch name'],
    ['metadata-branch', '-b', 'is not a branch name'],
    ['manifest-path', '../{namespace}.json', 'not a path inside the repository'],
    ['manifest-path', '/{namespace}.json', 'not a path inside the repository'],
    ['manifest-path', '.git/{namespace}', 'not a path inside the repository'],
    ['manifest-path', 'CHANGELOG.md', "is the changelog's"],
    ['changelog-path', 'a//b', 'not a path inside the repository'],
    ['timezone', 'Mars/Base', 'IANA time zone'],
    ['committer', 'me', 'Name <email>'],
    ['proxy', 'proxy.example:3128', 'is not an http:// or https:// URL'],
    ['insecure-registries', 'http://x', 'is not a host'],
    ['github-token', '', 'is required'],
  ])('tells what is wrong with %s: %s', (name, value, what) => {
    const message = problems({ [name]: value });
    expect(message).toContain(what);
    expect(message).toContain(`${name}:`);
  });

  it('takes a proxy whose password has a bare "%", and masks it', () => {
    const masked: string[] = [];
    expect(problems({ proxy: 'http://u:100%@proxy.example:1' }, { masked })).toBe('none');
    expect(masked).toContain('100%');
  });

  it('takes the owners that managed users have', () => {
    expect(parse({ 'metadata-repository': 'mona_acme/mirror' }).metadata.owner).toBe('mona_acme');
  });

  it('checks the default registry also when no namespace needs it', () => {
    expect(problems({ registry: 'not a host!!' })).toMatch(/^registry: "not a host!!" is not a host/);
  });

  it('refuses a path that would be a file and a folder', () => {
    const namespaces = 'gcr.io/a\ngcr.io/a/b';
    expect(problems({ namespaces, 'manifest-path': '{namespace}' })).toContain(
      '"a" would be a file, and the folder of "a/b"',
    );
    expect(problems({ 'changelog-path': 'gcr.io' })).toContain('"gcr.io" would be a file, and the folder of');
    expect(problems({ namespaces })).toBe('none');
  });

  it('wants user name and password together', () => {
    expect(problems({ username: 'me' })).toContain('password: is required when username is given');
    expect(problems({ 'source-password': 'x' })).toContain('source-username: is required');
  });

  it('tells all problems at once', () => {
    expect(problems({ mode: 'x', concurrency: 'x', timezone: 'x' })).toMatch(
      /^3 inputs are wrong:\n- mode.*\n- timezone.*\n- concurrency/,
    );
  });

  it('refuses two namespaces on one manifest path', () => {
    const namespaces = 'gcr.io/a\nquay.io/a';
    expect(problems({ namespaces, 'manifest-path': '{namespace}.json' })).toContain(
      'would both be recorded in "a.json"',
    );
    expect(problems({ namespaces })).toBe('none');
  });

  it('never shows a secret, and masks each before anything else', () => {
    const masked: string[] = [];
    const secrets = {
      password: 'p1 secret',
      'source-password': 'p2 secret',
      'github-token': 'p3 secret',
      'registry-auth': '- username: u\n  password: p5 secret',
    };
    const env = { HTTPS_PROXY: 'http://user:p4%20secret@proxy.example:3128' };
    const message = problems({ ...secrets, mode: 'x' }, { masked, env });
    expect(masked).toEqual(
      expect.arrayContaining([
        'p1 secret',
        'p2 secret',
        'p3 secret',
        'p4%20secret',
        'p4 secret',
        'p5 secret',
      ]),
    );
    expect(message).not.toMatch(/p\d.{0,3}secret/);
  });

  it('throws nothing but InputError, whatever it is given', () => {
    const name = fc.constantFrom(...Object.keys(action.inputs));
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.string({ unit: 'binary' }))), (given) => {
        expect(typeof problems(given)).toBe('string');
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the inputs mean', () => {
  it.each(['schedule', 'push', 'workflow_dispatch', 'pull_request_review', ''])(
    'works for real on %j',
    (eventName) => {
      expect(parse({}, { eventName }).dryRun).toBe(false);
    },
  );

  it('is a dry run on pull_request_target too', () => {
    expect(parse({}, { eventName: 'pull_request_target' }).dryRun).toBe(true);
  });

  it('has no credentials when none are given, and each with where it is from', () => {
    expect(parse({}).credentials).toEqual({ source: undefined, target: undefined });
    const given = {
      username: 'me',
      password: 'a',
      'source-username': '_json_key',
      'source-password': '{"key": 1}',
    };
    expect(parse(given).credentials).toEqual({
      target: { username: 'me', password: 'a', providedBy: 'the inputs username and password' },
      source: {
        username: '_json_key',
        password: '{"key": 1}',
        providedBy: 'the inputs source-username and source-password',
      },
    });
  });

  it('registers the secrets before any other input is read', () => {
    const steps: string[] = [];
    const secrets = ['password', 'source-password', 'github-token'];
    const get = (name: string): string => {
      steps.push(name);
      return secrets.includes(name) ? `secret of ${name}` : '';
    };
    const mask = (secret: string): void => void steps.push(`mask ${secret}`);
    expect(() => parseInputs({ get, eventName: '', event: undefined, env: {}, now: 0, mask })).toThrow(
      InputError,
    );
    expect(steps.slice(0, 6)).toEqual(secrets.flatMap((name) => [name, `mask secret of ${name}`]));
    expect(steps.length).toBeGreaterThan(20);
  });

  it('has the accounts of more registries', () => {
    expect(parse({}).registryAuth).toEqual(new Map());
    const given = { 'registry-auth': '- registry: ghcr.io\n  username: me\n  password: a' };
    const providedBy = 'the input registry-auth, line 1';
    expect(parse(given).registryAuth).toEqual(
      new Map([['ghcr.io', { username: 'me', password: 'a', providedBy }]]),
    );
    const fork = { 'registry-auth': '- registry: ghcr.io\n  username: me\n  password: ' };
    expect(problems(fork)).toContain('registry-auth: line 1, password: is not there, or empty');
    expect(parse(fork, { eventName: 'pull_request' }).registryAuth).toEqual(new Map());
  });

  it('registers nothing for a secret that is not set', () => {
    const masked: string[] = [];
    parse({ 'github-token': 'x' }, { masked });
    expect(masked).toEqual(['x']);
  });

  it.each([
    ['gcr.io/distroless-mirror', 'gcr.io/distroless'],
    ['quay.io/distroless', 'gcr.io/distroless'],
    ['gcr.io', 'gcr.io/distroless'],
  ])('pushes to %s what is in %s', (target, namespaces) => {
    expect(problems({ target, namespaces })).toBe('none');
  });

  it('pushes nothing of a whole registry into it', () => {
    expect(problems({ target: 'registry.k8s.io/mirror', namespaces: 'registry.k8s.io' })).toContain(
      'lies inside the source registry.k8s.io',
    );
    // One name for Docker Hub.
    expect(problems({ target: 'docker.io/a/b', namespaces: 'index.docker.io/a' })).toContain(
      'a mirror of itself',
    );
  });

  it.each([
    ['', 'all'],
    ['all', 'all'],
    ['linux/amd64', ['linux/amd64']],
    ['linux/arm64, linux/amd64\nlinux/arm/v7,linux/amd64', ['linux/amd64', 'linux/arm/v7', 'linux/arm64']],
  ])('mirrors the platforms %j', (value, platforms) => {
    expect(parse({ platforms: value }).namespaces[0]?.platforms).toEqual(platforms);
  });

  it('has hosts in the form they are looked up by', () => {
    const given = { 'insecure-registries': 'Registry.example:5000, [::1]:5000 # lab' };
    expect(parse(given).insecureRegistries).toEqual(new Set(['registry.example:5000', '[::1]:5000']));
    expect(parse({}).insecureRegistries).toEqual(new Set());
  });

  it.each([
    [{}, {}, {}],
    [{ proxy: 'http://p:1' }, {}, { http: 'http://p:1', https: 'http://p:1' }],
    [
      { proxy: 'http://p:1' },
      { HTTPS_PROXY: 'http://q:2', NO_PROXY: 'a.test' },
      { http: 'http://p:1', https: 'http://p:1', none: 'a.test' },
    ],
    [
      {},
      { HTTPS_PROXY: 'http://q:2', http_proxy: 'http://r:3', no_proxy: 'b.test' },
      { http: 'http://r:3', https: 'http://q:2', none: 'b.test' },
    ],
    [{}, { HTTPS_PROXY: '', https_proxy: 'http://lower:1', HTTP_PROXY: '' }, { https: 'http://lower:1' }],
    [{}, { ALL_PROXY: 'http://all:1', all_proxy: 'http://all:1' }, {}],
    [{}, { HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' }, { https: 'http://upper:1' }],
  ])('takes the proxy from %j and %j', (given, env: Record<string, string>, proxy) => {
    expect(parse(given, { env }).proxy).toEqual(proxy);
  });

  it('finds a proxy of the environment that is none, and does not show it', () => {
    const message = problems({}, { env: { HTTP_PROXY: 'socks5://me:hidden@proxy.test:1080' } });
    expect(message).toContain('HTTP_PROXY');
    expect(message).not.toContain('hidden');
  });

  it('refuses a pattern that is too long', () => {
    expect(parse({ include: 'x'.repeat(1000) }).include).toHaveLength(1);
    expect(problems({ exclude: 'x'.repeat(1001) })).toMatch(/^exclude: ".*…" is longer than 1000$/);
  });
});

describe('manifestPath', () => {
  it.each([
    ['{registry}/{namespace}.json', 'gcr.io', 'a/b', 'gcr.io/a/b.json'],
    ['{registry}/{namespace}.json', 'registry.k8s.io', '', 'registry.k8s.io.json'],
    ['{namespace}', 'gcr.io', 'google-containers', 'google-containers'],
    ['{namespace}', 'registry.k8s.io', '', 'registry.k8s.io'],
    ['m/{namespace}@{registry}', 'gcr.io', 'a', 'm/a@gcr.io'],
  ])('fills %s for %s/%s', (template, registry, path, expected) => {
    expect(recordPath(template, { registry, path })).toBe(expected);
  });
});

describe('shards', () => {
  it.each([
    ['0', '1', { first: 0, last: 0, total: 1 }],
    ['3', '4', { first: 3, last: 3, total: 4 }],
    ['100-299', '65536', { first: 100, last: 299, total: 65_536 }],
    ['0-0', '1', { first: 0, last: 0, total: 1 }],
  ])('take the part %s of %s', (index, total, shard) => {
    expect(parse({ 'shard-index': index, 'shard-total': total }).shard).toEqual(shard);
  });

  it.each([
    ['4', '4', 'from 0 to shard-total - 1, which is 3'],
    ['3-2', '4', 'from 0 to shard-total - 1, which is 3'],
    ['0-4', '4', 'from 0 to shard-total - 1, which is 3'],
    ['-1', '4', '"-1" is not a whole number'],
    ['', '4', '"" is not a whole number'],
    ['1e1', '99', '"1e1" is not a whole number'],
  ])('refuse the part %s of %s', (index, total, text) => {
    const found = problems({ 'shard-index': index, 'shard-total': total });
    expect(found).toMatch(/^shard-index: /);
    expect(found).toContain(text);
  });

  it.each(['0', '65537', 'x'])('refuse %s parts', (total) => {
    expect(problems({ 'shard-total': total })).toContain('shard-total: ');
  });
});

describe('a pull request', () => {
  const event = { pull_request: { number: 7 } };
  const env = { GITHUB_REPOSITORY: 'octo/here', GITHUB_WORKFLOW: 'w', GITHUB_JOB: 'j', GITHUB_ACTION: 'a' };
  const context = { eventName: 'pull_request', event, env };

  it('gets a comment of the dry run', () => {
    expect(parse({}, context)).toMatchObject({
      dryRun: true,
      comment: { owner: 'octo', repo: 'here', number: 7 },
    });
  });

  it.each([
    ['comment is false', { comment: 'false' }, context],
    ['it is no dry run', { 'dry-run': 'false' }, context],
    ['the event is of no pull request', {}, { ...context, event: { issue: { number: 7 } } }],
    ['the number is none', {}, { ...context, event: { pull_request: { number: '7/../8' } } }],
    ['the repository is not known', {}, { ...context, env: {} }],
  ])('gets none when %s', (_, given, context) => {
    expect(parse(given, context)).not.toHaveProperty('comment');
  });

  it('has one comment for each step and part', () => {
    const steps = [
      parse({}, context),
      parse({}, { ...context, env: { ...env, GITHUB_ACTION: 'b' } }),
      parse({ 'shard-total': '2' }, context),
      parse({ 'shard-total': '2', 'shard-index': '1' }, context),
    ].map(({ comment }) => comment?.step);
    expect(new Set(steps).size).toBe(4);
    expect(parse({ namespaces: 'quay.io/other' }, context).comment?.step).toBe(steps[0]);
  });

  it('needs no password: a fork has no secrets', () => {
    const given = { username: 'mirror', password: '', 'source-username': 'reader' };
    expect(parse(given, context).credentials).toEqual({ source: undefined, target: undefined });
    expect(problems(given)).toContain('password: is required when username is given');
  });
});

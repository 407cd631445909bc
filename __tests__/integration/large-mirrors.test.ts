import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedImages } from '../../src/mirror/record-entry.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { serializeNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOptions, type RunOutcome, runAction } from '../support/run/runner.ts';

const Matrix = v.object({
  include: v.array(
    v.object({
      namespace: v.string(),
      images: v.string(),
      exclude: v.string(),
      'shard-index': v.string(),
      'shard-total': v.number(),
    }),
  ),
});

let source: MemoryRegistry;
let target: MemoryRegistry;
let other: MemoryRegistry;
let github: GitHubStandIn;

beforeAll(async () => {
  [source, target, other] = await Promise.all([
    startMemoryRegistry(),
    startMemoryRegistry(),
    startMemoryRegistry(),
  ]);
  // Like a registry whose catalog is public.
  source.intercept = ({ url = '' }, response) => {
    if (!url.startsWith('/v2/_catalog')) return false;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ repositories: source.store.repositoryNames() }));
    return true;
  };
});
afterAll(async () => {
  await Promise.all([source, target, other].map((server) => server.close()));
});

beforeEach(async () => {
  github = await startGitHub({ 'octo/meta': {}, 'octo/workflows': {} });
  source.requests.length = 0;
  return async () => github.close();
});

async function run(inputs: Record<string, string>, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
  return runAction({
    inputs: { engine: 'registry', 'metadata-repository': 'octo/meta', ...inputs },
    apiUrl: github.url,
    token: TOKENS.write,
    ...options,
  });
}

/** `image:tag` of every tag in `registry` below `path`. */
function tagsOf({ store }: MemoryRegistry, path: string): string[] {
  return store
    .repositoryNames()
    .filter((name) => name.startsWith(`${path}/`))
    .flatMap((name) => store.tags(name).map((tag) => `${name.slice(path.length + 1)}:${tag}`))
    .toSorted();
}

function countRequests(method: string): number {
  return source.requests.filter((request) => request.method === method).length;
}

describe('a config file', () => {
  const config = (): string => `
defaults:
  target: ${target.host}/file
  exclude: '**:*-debug'
namespaces:
  ${source.host}/team-a:
    semver: '>=1.1'
    latest: 2
  ${source.host}/team-b:
    target: ${other.host}/own
    target-name: b/{image}
    include: ['one:*']
`;

  beforeAll(async () => {
    const tags = ['v1.0.0', 'v1.1.0', 'v1.2.0', 'v1.3.0', 'v1.3.0-debug', 'v2.0.0-rc.1', 'latest'];
    for (const repository of ['team-a/x', 'team-a/y', 'team-b/one', 'team-b/two'])
      for (const tag of tags)
        await pushImage(source.url, repository, [tag], makeImage({ seed: `${repository}:${tag}` }));
  });

  const A = ['x:v1.2.0', 'x:v1.3.0', 'y:v1.2.0', 'y:v1.3.0'];
  const B = [
    'b/one:latest',
    'b/one:v1.0.0',
    'b/one:v1.1.0',
    'b/one:v1.2.0',
    'b/one:v1.3.0',
    'b/one:v2.0.0-rc.1',
  ];

  it('in the checkout sets the target, name and filters of each namespace', async () => {
    const outcome = await run(
      { config: '.github/mirror.yml' },
      { checkout: { '.github/mirror.yml': config() } },
    );
    expect(outcome.exitCode === 0 ? '' : outcome.log).toBe('');
    expect(tagsOf(target, 'file')).toEqual(A);
    expect(tagsOf(other, 'own')).toEqual(B);
    expect(outcome.report).toMatchObject({
      warnings: [],
      namespaces: [
        { filteredOut: { semver: 6, latest: 2, exclude: 2 } },
        // A repository that the patterns exclude is not listed.
        { filteredOut: { include: 0, exclude: 1 } },
      ],
    });
    expect(outcome.summary).toContain('10 filtered out (2 by exclude, 6 by semver, 2 by latest)');
    // Digests are requested only for tags that are mirrored, and not at all for one image.
    expect(countRequests('HEAD')).toBe(A.length + B.length);
    const record = await github.file('octo/meta', `${other.host}/own/${source.host}/team-b.json`);
    expect(record).toContain(`"target": "${other.host}/own"`);
  });

  it('is read from the commit when nothing is checked out', async () => {
    await github.putFile('octo/workflows', '.github/mirror.yml', config());
    const [commit] = await github.commits('octo/workflows');
    const outcome = await run(
      { config: '.github/mirror.yml', mode: 'plan' },
      { repository: 'octo/workflows', env: { GITHUB_SHA: commit?.sha ?? '' } },
    );
    expect(outcome.exitCode === 0 ? '' : outcome.log).toBe('');
    expect(outcome.outputs['added']).toBe(String(A.length + B.length));
    expect(github.violations).toEqual([]);
  });

  it('makes the jobs of a plan copy the tags that the plan counted', async () => {
    const checkout = { 'mirror.yml': config() };
    const plan = await run(
      { config: 'mirror.yml', mode: 'plan', 'max-shards': '3', 'job-time': '1ms' },
      { checkout },
    );
    const { include } = v.parse(Matrix, JSON.parse(plan.outputs['matrix'] ?? ''));
    expect(include.length).toBeGreaterThan(1);
    let added = 0;
    for (const entry of include) {
      const { namespace, images, exclude } = entry;
      const shard = { 'shard-index': entry['shard-index'], 'shard-total': String(entry['shard-total']) };
      const inputs = {
        config: 'mirror.yml',
        'dry-run': 'true',
        namespaces: namespace,
        include: images,
        exclude,
      };
      const job = await run({ ...inputs, ...shard }, { checkout });
      expect(job.exitCode === 0 ? '' : job.log).toBe('');
      added += Number(job.outputs['added']);
    }
    expect(added).toBe(A.length + B.length);
  });

  it('is reported before any request when it is wrong or missing', async () => {
    const wrong = config().replace('latest: 2', 'latest: two');
    const outcome = await run({ config: 'mirror.yml' }, { checkout: { 'mirror.yml': wrong } });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.annotations[0]?.message).toMatch(/^config: mirror\.yml:8:13: .*latest: .*number/);
    const missing = await run({ config: 'nowhere.yml' });
    expect(missing.annotations[0]?.message).toContain(
      'config: "nowhere.yml" is neither in the workspace nor in octo/meta',
    );
    expect(source.requests).toEqual([]);
  });

  it('is rejected when a link leads out of the checkout', async () => {
    const outcome = await run({ config: 'link.yml' }, { links: { 'link.yml': '/etc/passwd' } });
    expect(outcome.annotations[0]?.message).toContain('is a link that leads out of the workspace');
    expect(outcome.log).not.toContain('root:');
  });
});

describe('patterns', () => {
  it('cause a warning when they match nothing, as do filters that leave nothing', async () => {
    const outcome = await run({
      namespaces: `${source.host}/team-a`,
      target: `${target.host}/patterns`,
      mode: 'plan',
      include: 'x\nz/**',
      semver: '>=9',
    });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.annotations).toEqual([
      { level: 'warning', message: 'The pattern "z/**" in "include" or "exclude" matches nothing' },
      {
        level: 'warning',
        message: `The filters select nothing from ${source.host}/team-a, which has 7 tags`,
      },
    ]);
  });
});

describe('a source of 10,000 tags without digests', () => {
  const REPOSITORIES = 20;
  const VERSIONS = 498;
  const MOVING = ['latest', 'v1'];
  const digests = new Map<string, Digest>();

  beforeAll(async () => {
    for (let repository = 0; repository < REPOSITORIES; repository += 1) {
      const name = `big/image-${repository}`;
      const image = makeImage({ seed: name });
      const tags = [...MOVING, ...Array.from({ length: VERSIONS }, (_, number) => `v1.${number}.0`)];
      await pushImage(source.url, name, ['latest'], image);
      for (const tag of tags) source.store.putManifest(name, tag, image.mediaType, image.bytes);
      digests.set(`image-${repository}`, image.digest);
    }
  });

  async function recordAll(): Promise<void> {
    const images: RecordedImages = new Map(
      Array.from(digests, ([image, digest]) => {
        const tags = source.store.tags(`big/${image}`);
        return [image, new Map(tags.map((tag) => [tag, digest]))];
      }),
    );
    const manifest = { source: `${source.host}/big`, target: `${target.host}/big`, images };
    await github.putFile('octo/meta', `${source.host}/big.json`, serializeNamespaceManifest(manifest));
  }

  it('takes a few hundred requests a day once recorded, and every moved tag is found', async () => {
    await recordAll();
    const moved = makeImage({ seed: 'moved' });
    await pushImage(source.url, 'big/image-7', ['latest'], moved);
    source.requests.length = 0;
    const inputs = { namespaces: `${source.host}/big`, target: `${target.host}/big` };
    const daily = await run(inputs);
    expect(daily.exitCode === 0 ? '' : daily.log).toBe('');
    expect(daily.outputs).toMatchObject({ updated: '1', added: '0', unchanged: '9999', complete: 'true' });
    const requests = countRequests('HEAD');
    expect(requests).toBeGreaterThan(REPOSITORIES * MOVING.length);
    expect(requests).toBeLessThan(1000);
    expect(daily.summary).toMatch(/9,\d{3} not rechecked/);
    source.requests.length = 0;
    const whole = await run({ ...inputs, recheck: '1' });
    expect(whole.outputs).toMatchObject({ unchanged: '10000', changed: 'false' });
    expect(countRequests('HEAD')).toBe(10_000);
  });
});

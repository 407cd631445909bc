import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NamespaceManifest } from '../../src/mirror/record-entry.ts';
import { parseNamespaceManifest } from '../../src/record/namespace-manifest.ts';
import { type TestImage, makeImage, makeIndex, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type GoogleFacade, startGoogleFacade } from '../support/registries/google-facade.ts';
import { type RunOptions, type RunOutcome, runAction } from '../support/run/runner.ts';

const NAMES = Array.from({ length: 20 }, (_, index) => `image-${String(index).padStart(2, '0')}`);
const TAGS = NAMES.length * 2;

let registry: TestServer;
let source: GoogleFacade;
let target: TestServer;
let github: GitHubStandIn;
const images = new Map<string, TestImage>();

beforeAll(async () => {
  registry = await startDockerRegistry();
  source = await startGoogleFacade(registry.url);
  for (const [index, name] of NAMES.entries()) {
    const image = makeImage({ seed: name, layers: [1000 * (index + 1)] });
    images.set(`${name}:v1`, image);
    await pushImage(registry.url, `library/${name}`, ['v1'], image);
    const index2 = makeIndex([makeImage({ seed: `${name} m` })], { attestation: true });
    images.set(`${name}:latest`, index2);
    await pushImage(registry.url, `library/${name}`, ['latest'], index2);
  }
});

afterAll(async () => {
  await Promise.all([source, registry].map((server) => server.close()));
});

beforeEach(async () => {
  target = await startDockerRegistry();
  github = await startGitHub({ 'octo/meta': {} });
  return async () => {
    await Promise.all([target, github].map((server) => server.close()));
  };
});

async function run(
  inputs: Record<string, string> = {},
  options: Partial<RunOptions> = {},
): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${source.host}/library`,
      target: `${target.host}/mirror`,
      engine: 'registry',
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
    ...options,
  });
}

async function recorded(): Promise<NamespaceManifest['images']> {
  const path = `${source.host}/library.json`;
  const text = await github.file('octo/meta', path);
  if (text === undefined) return new Map();
  const expected = { path, source: `${source.host}/library`, target: `${target.host}/mirror` };
  return parseNamespaceManifest(Buffer.from(text), expected).images;
}

async function targetDigest(name: string): Promise<string | undefined> {
  const [image = '', tag = ''] = name.split(':');
  const accept = Array.from(images.values(), ({ mediaType }) => mediaType).join(', ');
  const answer = await fetch(`${target.url}/v2/mirror/${image}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept },
  });
  return answer.headers.get('docker-content-digest') ?? undefined;
}

async function expectMirrored(): Promise<void> {
  const entries = await recorded();
  for (const [name, { digest }] of images) {
    const [image = '', tag = ''] = name.split(':');
    expect([name, entries.get(image)?.get(tag), await targetDigest(name)]).toEqual([name, digest, digest]);
  }
  const count = Array.from(entries.values()).reduce((sum, { size }) => sum + size, 0);
  expect(count).toBe(images.size);
}

/** All tags that the sections of the changelog name. */
function changelogTags(changelog: string): string[] {
  return Array.from(changelog.matchAll(/^- `(.+?)`: (.*)$/gm), ([, image = '', rest = '']) =>
    Array.from(rest.matchAll(/`(.+?)`/g), ([, tag = '']) => `${image}:${tag}`),
  ).flat();
}

const Matrix = v.object({
  include: v.array(
    v.object({
      namespace: v.string(),
      images: v.string(),
      exclude: v.string(),
      'shard-index': v.string(),
      'shard-total': v.number(),
      part: v.string(),
      tags: v.number(),
      bytes: v.number(),
    }),
  ),
});

function matrixOf({ outputs }: RunOutcome): v.InferOutput<typeof Matrix>['include'] {
  return v.parse(Matrix, JSON.parse(outputs['matrix'] ?? '')).include;
}

describe('mode: plan', () => {
  it('outputs a matrix whose jobs mirror everything, and an empty one when nothing is left to do', async () => {
    const plan = await run({ mode: 'plan', 'max-shards': '4', 'job-time': '1ms', exclude: '*:nightly' });
    expect(plan.exitCode).toBe(0);
    expect(plan.outputs).toMatchObject({ changed: 'true', added: String(TAGS) });
    expect(await github.commits('octo/meta')).toHaveLength(1);
    expect(await targetDigest('image-00:v1')).toBeUndefined();
    const entries = matrixOf(plan);
    expect(entries).toHaveLength(4);
    expect(entries.reduce((sum, { tags }) => sum + tags, 0)).toBe(TAGS);
    const jobs = await Promise.all(
      entries.map(async (entry) =>
        run({
          namespaces: entry.namespace,
          include: entry.images,
          exclude: entry.exclude,
          'shard-index': entry['shard-index'],
          'shard-total': String(entry['shard-total']),
        }),
      ),
    );
    expect(
      jobs.map(({ exitCode, outputs }) => [exitCode, Number(outputs['added']), outputs['gone']]),
    ).toEqual(entries.map(({ tags }) => [0, tags, '0']));
    await expectMirrored();
    const again = await run({ mode: 'plan' });
    expect(again.outputs).toMatchObject({ changed: 'false', complete: 'true', matrix: '{"include":[]}' });
    expect(github.violations).toEqual([]);
  });
});

describe('many jobs', () => {
  it('write one record at the same time and lose nothing', async () => {
    github.writeTime = 50;
    const jobs = await Promise.all(NAMES.map(async (name) => run({ include: name })));
    expect(jobs.map(({ exitCode, log }) => (exitCode === 0 ? '' : log))).toEqual(jobs.map(() => ''));
    expect(jobs.reduce((sum, { outputs }) => sum + Number(outputs['added']), 0)).toBe(TAGS);
    await expectMirrored();
    const changelog = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
    expect(changelogTags(changelog).toSorted()).toEqual(Array.from(images.keys()).toSorted());
    expect(changelog.match(/^## /gm)).toHaveLength(NAMES.length);
    // Two commits per job, and the repository's first one.
    expect(await github.commits('octo/meta')).toHaveLength(2 * NAMES.length + 1);
    expect(mostInAMinute(github)).toBeLessThanOrEqual(80);
    expect(github.violations).toEqual([]);
  });
});

describe('mode: record', () => {
  it('records what jobs reported in one commit per file, and only then', async () => {
    const parts = ['image-00', 'image-0[1-3]'];
    const jobs = await Promise.all(parts.map(async (include) => run({ include, record: 'report' })));
    expect(jobs.map(({ exitCode, outputs }) => [exitCode, outputs['added']])).toEqual([
      [0, '2'],
      [0, '6'],
    ]);
    expect(await github.commits('octo/meta')).toHaveLength(1);
    expect((await recorded()).size).toBe(0);
    const reports = jobs.map(
      ({ report }, index) => [`reports/job-${index}/report.json`, JSON.stringify(report)] as const,
    );
    const last = await run(
      { mode: 'record', reports: 'reports', namespaces: '', target: '' },
      { checkout: Object.fromEntries(reports) },
    );
    expect([last.exitCode, last.annotations]).toEqual([0, []]);
    expect(last.outputs).toMatchObject({ added: '8', changed: 'true' });
    const entries = await recorded();
    const names = Array.from(entries.keys()).toSorted();
    expect(names).toEqual(['image-00', 'image-01', 'image-02', 'image-03']);
    for (const name of names)
      for (const tag of ['v1', 'latest'])
        expect(entries.get(name)?.get(tag)).toBe(images.get(`${name}:${tag}`)?.digest);
    const changelog = (await github.file('octo/meta', 'CHANGELOG.md')) ?? '';
    expect(changelogTags(changelog)).toHaveLength(8);
    expect(changelog.match(/^## /gm)).toHaveLength(1);
    // The repository's first commit, the namespace manifest and the changelog.
    expect(await github.commits('octo/meta')).toHaveLength(3);
    const again = await run({ include: 'image-0[0-3]' });
    expect(again.outputs).toMatchObject({ changed: 'false', unchanged: '8' });
    expect(github.violations).toEqual([]);
  });

  it('fails without reports, and says where they should be', async () => {
    const { exitCode, log } = await run({ mode: 'record', reports: 'none', namespaces: '', target: '' });
    expect(exitCode).toBe(1);
    expect(log).toContain('The folder none of the input "reports" can\'t be read');
    expect(await github.commits('octo/meta')).toHaveLength(1);
  });
});

/** Writes within a minute; GitHub's limit is 80. The check of the permission to write generates no content. */
function mostInAMinute({ requests }: GitHubStandIn): number {
  const times = requests
    .filter(({ method, status }) => method === 'PUT' && status !== 422)
    .map(({ time }) => time);
  return Math.max(
    ...times.map((start) => times.filter((time) => time >= start && time < start + 60_000).length),
  );
}

const PULL_REQUEST = { eventName: 'pull_request', token: TOKENS.write };

describe('a dry run on a pull request', () => {
  let number: number;
  beforeEach(async () => {
    number = await github.openIssue('octo/meta');
  });

  async function dryRun(
    inputs: Record<string, string> = {},
    token: string = TOKENS.write,
  ): Promise<RunOutcome> {
    return run(
      { username: 'mirror', ...inputs },
      { ...PULL_REQUEST, token, event: { pull_request: { number } } },
    );
  }

  it('reports what it would do, needs no password, and updates its one comment', async () => {
    await github.comment('octo/meta', number, 'Looks good to me');
    const first = await dryRun({ include: 'image-0?' });
    expect(first.exitCode).toBe(0);
    expect(first.outputs).toMatchObject({ changed: 'true', added: '20', bytes: first.outputs['bytes'] });
    expect(Number(first.outputs['bytes'])).toBeGreaterThan(0);
    expect(first.summary).toContain('## 🔍 Dry run: 20 tags would be added');
    expect(first.summary).toContain('which count against a pull limit');
    expect(first.summary).toMatch(
      /````markdown\n## \d{4}-.*: `.*library` → `.*mirror`\n\n20 tags added, 0 updated/,
    );
    expect(await targetDigest('image-00:v1')).toBeUndefined();
    expect(await github.commits('octo/meta')).toHaveLength(1);
    const [, comment, ...others] = await github.comments('octo/meta', number);
    expect(others).toEqual([]);
    expect(comment?.body).toContain('| `image-00` | `v1` |');
    await dryRun({ include: 'image-1?' });
    const [, updated, ...more] = await github.comments('octo/meta', number);
    expect(more).toEqual([]);
    expect(updated?.id).toBe(comment?.id);
    expect(updated?.body).toContain('| `image-10` | `v1` |');
    expect(updated?.body).not.toContain('image-00');
    expect(github.violations).toEqual([]);
  });

  it('updates its comment when nothing is left to do, and creates none for that', async () => {
    await dryRun();
    expect(await github.comments('octo/meta', number)).toHaveLength(1);
    await run();
    const [image = ''] = NAMES;
    await run({}, { ...PULL_REQUEST, event: { pull_request: { number } } });
    const [comment] = await github.comments('octo/meta', number);
    expect(comment?.body).toContain('Nothing to mirror');
    const other = await github.openIssue('octo/meta');
    await run({ include: image }, { ...PULL_REQUEST, event: { pull_request: { number: other } } });
    expect(await github.comments('octo/meta', other)).toEqual([]);
  });

  it('falls back to the summary where the token may not comment, as in a fork', async () => {
    const fork = await dryRun({}, TOKENS.readOnly);
    expect(fork.exitCode).toBe(0);
    expect(fork.summary).toContain('| `image-00` | `v1` |');
    const [notice, ...others] = fork.annotations;
    expect(notice?.level).toBe('notice');
    expect(notice?.message).toMatch(/#\d+; the job summary has all of it.*permissions: pull-requests: write/);
    expect(others).toEqual([]);
    expect(await github.comments('octo/meta', number)).toEqual([]);
  });

  it('reads the record with the token of the workflow where a fork has no secrets', async () => {
    const fork = await run(
      { 'github-token': '', password: '', include: 'image-00' },
      {
        ...PULL_REQUEST,
        workflowToken: TOKENS.readOnly,
        event: { pull_request: { number } },
      },
    );
    expect(fork.exitCode).toBe(0);
    expect(fork.summary).toContain('| `image-00` | `v1` |');
  });

  it('has a part of the comment for each job of a matrix that runs at the same time', async () => {
    const names = ['image-00', 'image-01', 'image-02'];
    const jobs = await Promise.all(
      names.map(async (include) =>
        run({ include }, { ...PULL_REQUEST, matrix: { include }, event: { pull_request: { number } } }),
      ),
    );
    expect(jobs.map(({ exitCode, annotations }) => [exitCode, annotations])).toEqual(
      names.map(() => [0, []]),
    );
    const [comment, ...others] = await github.comments('octo/meta', number);
    expect(others).toEqual([]);
    expect(comment?.body.match(/^### `image-0\d`$/gm)).toEqual(names.map((name) => `### \`${name}\``));
    for (const name of names) expect(comment?.body).toContain(`| \`${name}\` | \`v1\` |`);
  });

  it('ignores comments of others that copy the marker, and removes its own duplicates', async () => {
    await dryRun();
    const [own] = await github.comments('octo/meta', number);
    const copy = `${own?.body.split('\n')[0]}\nEverything is fine.`;
    await github.comment('octo/meta', number, copy, 'stranger');
    await github.comment('octo/meta', number, copy);
    await dryRun({ include: 'image-00' });
    const comments = await github.comments('octo/meta', number);
    expect(comments.map(({ body }) => body)).toEqual([expect.stringContaining('| `image-00` |'), copy]);
  });

  it('shows the tags that were removed from the source', async () => {
    const path = `${source.host}/library.json`;
    const digest = `sha256:${'a'.repeat(64)}`;
    const manifest = {
      version: 1,
      source: `${source.host}/library`,
      target: `${target.host}/mirror`,
      images: { 'image-00': { old: digest }, other: { v1: digest } },
    };
    await github.putFile('octo/meta', path, JSON.stringify(manifest));
    const { outputs, summary } = await dryRun();
    expect(outputs).toMatchObject({ gone: '2' });
    expect(summary).toContain(
      '#### Removed from the source; the mirror keeps them\n\n- `image-00`: `old`\n- `other`: `v1`',
    );
  });
});

describe('mode: compare', () => {
  it('records what the mirror has already, and copies nothing', async () => {
    await run({ include: 'image-0?' });
    const before = await recorded();
    await github.putFile('octo/meta', `${source.host}/library.json`, '[]');
    await pushImage(target.url, 'mirror/image-10', ['v1'], makeImage({ seed: 'somebody else' }));
    const compared = await run({ mode: 'compare' });
    expect(compared.exitCode).toBe(0);
    expect(compared.outputs).toMatchObject({
      changed: 'true',
      unchanged: '20',
      pending: '20',
      added: '0',
      bytes: '0',
    });
    expect(await recorded()).toEqual(before);
    expect(compared.summary).toContain(
      '#### Not recorded, and different in source and target\n\n- `image-10`: `v1`',
    );
    expect(await targetDigest('image-11:v1')).toBeUndefined();
    const rest = await run();
    expect(rest.outputs).toMatchObject({ added: '20', complete: 'true' });
    await expectMirrored();
  });

  it('finds missing and changed tags, fails the job, and the next sync repairs them', async () => {
    await run();
    await deleteTag('image-03', images.get('image-03:v1')?.digest ?? '');
    await pushImage(target.url, 'mirror/image-04', ['v1'], makeImage({ seed: 'somebody else' }));
    const look = await run({ mode: 'compare', 'dry-run': 'true' });
    expect([look.exitCode, look.outputs['complete']]).toEqual([1, 'false']);
    expect(await github.commits('octo/meta')).toHaveLength(3);
    const audit = await run({ mode: 'compare' });
    expect(audit.exitCode).toBe(1);
    expect(audit.summary).toContain('#### Recorded, but missing from the target\n\n- `image-03`: `v1`');
    expect(audit.summary).toContain(
      '#### Recorded, but with another digest in the target\n\n- `image-04`: `v1`',
    );
    const warnings = audit.annotations
      .filter(({ level }) => level === 'warning')
      .map(({ message }) => message);
    expect(warnings.join('\n')).toMatch(
      /image-03:v1 is missing; .*image-04:v1 does not have the recorded digest/,
    );
    expect((await run({ mode: 'compare', 'fail-on-error': 'false' })).exitCode).toBe(0);
    const sync = await run();
    expect(sync.outputs).toMatchObject({ added: '2', complete: 'true' });
    await expectMirrored();
    expect((await run({ mode: 'compare' })).outputs).toMatchObject({ changed: 'false', complete: 'true' });
  });

  it('keeps the record when the target has none of its tags', async () => {
    await run();
    const before = await recorded();
    await target.close();
    target = await startDockerRegistry({ port: Number(new URL(target.url).port) });
    const compared = await run({ mode: 'compare' });
    expect(compared.exitCode).toBe(1);
    expect(compared.log).toContain('The record was left as it is');
    expect(await recorded()).toEqual(before);
  });
});

describe('mode: monitor', () => {
  it('logs the state as often as configured, and only reads', async () => {
    await run({ include: 'image-0?' });
    const commits = await github.commits('octo/meta');
    const monitored = await run({ mode: 'monitor', 'monitor-count': '3', 'monitor-interval': '200ms' });
    expect(monitored.exitCode).toBe(0);
    expect(monitored.log.match(/20 of 40 tags mirrored, 20 pending/g)).toHaveLength(3);
    expect(monitored.outputs).toMatchObject({
      unchanged: '20',
      pending: '20',
      changed: 'false',
      complete: 'false',
    });
    expect(await github.commits('octo/meta')).toEqual(commits);
  });
});

async function deleteTag(image: string, digest: string): Promise<void> {
  const answer = await fetch(`${target.url}/v2/mirror/${image}/manifests/${digest}`, { method: 'DELETE' });
  expect(answer.status).toBe(202);
}

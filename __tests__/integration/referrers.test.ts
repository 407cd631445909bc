import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referrersTag } from '../../src/oci/digest-tags.ts';
import {
  type TestImage,
  SBOM,
  SIGNATURE,
  cosignTag,
  makeCosignSignature,
  makeImage,
  makeIndex,
  makeReferrer,
  makeReferrersList,
  pushImage,
} from '../support/fixtures/images.ts';
import { discover } from '../support/fixtures/referrers.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { type RunOutcome, runAction } from '../support/run/runner.ts';

/** The bundle between registries: docker-registry 2.8 has no referrers API, the in-memory registry has. */
let github: GitHubStandIn;
let target: TestServer;

beforeAll(async () => {
  github = await startGitHub({ 'octo/meta': {} });
  target = await startDockerRegistry();
});
afterAll(async () => {
  await Promise.all([github, target].map((server) => server.close()));
});

async function run(
  source: TestServer,
  name: string,
  inputs: Record<string, string> = {},
): Promise<RunOutcome> {
  return runAction({
    inputs: {
      namespaces: `${source.host}/${name}`,
      target: `${target.host}/mirror`,
      engine: 'registry',
      referrers: 'true',
      retries: '1',
      ...inputs,
    },
    apiUrl: github.url,
    token: TOKENS.write,
  });
}

const Report = v.object({
  counts: v.object({ referrers: v.number() }),
  namespaces: v.array(v.object({ referrers: v.number(), referrersUnchecked: v.number() })),
});

function referrersOf({ report }: RunOutcome): {
  readonly copied: number;
  readonly referrersUnchecked: number;
} {
  const { counts, namespaces } = v.parse(Report, report);
  expect(namespaces.reduce((sum, one) => sum + one.referrers, 0)).toBe(counts.referrers);
  return {
    copied: counts.referrers,
    referrersUnchecked: namespaces.reduce((sum, one) => sum + one.referrersUnchecked, 0),
  };
}

/** A client finds the same referrers of `subject` in the mirror as in the source. */
async function expectSame(
  source: TestServer,
  repository: string,
  mirrored: string,
  subject: TestImage,
): Promise<number> {
  const [there, here] = await Promise.all([
    discover(source.url, repository, subject.digest),
    discover(target.url, mirrored, subject.digest),
  ]);
  const contents = (found: typeof there): unknown =>
    new Map(
      found
        .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
        .map((one) => [one.digest, [one.manifest, ...one.blobs]]),
    );
  expect(contents(here)).toEqual(contents(there));
  return here.length;
}

const amd64 = makeImage({ seed: 'amd64', oci: true });
const index = makeIndex([amd64, makeImage({ seed: 'arm64', oci: true, platform: 'linux/arm64' })], {
  oci: true,
});

async function attachByList(
  source: TestServer,
  repository: string,
  subject: TestImage,
  referrers: TestImage[],
): Promise<void> {
  await pushImage(source.url, repository, [referrersTag(subject.digest)], makeReferrersList(referrers));
}

describe('from docker-registry to docker-registry, which keep referrers in tagged lists', () => {
  it("mirrors lists and cosign's tags, keeps additional referrers of the mirror, and finds new ones", async () => {
    const source = await startDockerRegistry();
    const image = makeImage({ seed: 'image', oci: true });
    const [sbom, own] = [makeReferrer(image, { seed: 'sbom' }), makeReferrer(image, { seed: 'own' })];
    const signature = makeReferrer(sbom, { seed: 'signature', artifactType: SIGNATURE });
    await pushImage(source.url, 'lists/img', ['latest', 'v1.2.3'], image);
    await attachByList(source, 'lists/img', image, [sbom]);
    await attachByList(source, 'lists/img', sbom, [signature]);
    await pushImage(source.url, 'lists/img', [cosignTag(image)], makeCosignSignature(image));
    await attachByList(target, 'mirror/img', image, [own]);

    const first = await run(source, 'lists', { platforms: 'linux/amd64' });
    expect(first.log).not.toContain('::error');
    expect(first.outputs).toMatchObject({ added: '5', failed: '0', complete: 'true' });
    expect(referrersOf(first).copied).toBe(2);
    const digests = (await discover(target.url, 'mirror/img', image.digest)).map(({ digest }) => digest);
    expect(digests).toEqual([own.digest, sbom.digest]);
    expect(await expectSame(source, 'lists/img', 'mirror/img', sbom)).toBe(1);

    const idle = await run(source, 'lists', { platforms: 'linux/amd64' });
    expect(idle.outputs).toMatchObject({ changed: 'false', unchanged: '5', bytes: '0', complete: 'true' });
    // An audit accepts a referrers list that has more entries than the source's, and later when it grows.
    await attachByList(target, 'mirror/img', image, [own, sbom, makeReferrer(image, { seed: 'own too' })]);
    const audit = await run(source, 'lists', { platforms: 'linux/amd64', mode: 'compare' });
    expect(audit.outputs).toMatchObject({ changed: 'false', unchanged: '5', complete: 'true' });

    await attachByList(source, 'lists/img', image, [sbom, makeReferrer(image, { seed: 'new' })]);
    const second = await run(source, 'lists', { platforms: 'linux/amd64' });
    expect(second.outputs).toMatchObject({ updated: '1', added: '0', complete: 'true' });
    expect(await discover(target.url, 'mirror/img', image.digest)).toHaveLength(4);
    await source.close();
  });

  it('mirrors lists unchanged, whatever "platforms" says, when "referrers" is off', async () => {
    const source = await startDockerRegistry();
    const sbom = makeReferrer(index, { seed: 'plain' });
    await pushImage(source.url, 'plain/one', ['latest'], index);
    await attachByList(source, 'plain/one', index, [sbom]);
    const outcome = await run(source, 'plain', { referrers: 'false', platforms: 'linux/amd64' });
    expect(outcome.log).not.toContain('::error');
    expect(outcome.outputs).toMatchObject({ added: '2', complete: 'true' });
    expect(await expectSame(source, 'plain/one', 'mirror/one', index)).toBe(1);
    await source.close();
  });
});

describe('from a registry with the API to docker-registry', () => {
  let source: MemoryRegistry;
  const sbom = makeReferrer(amd64, { seed: 'sbom', annotations: { 'org.example/tool': 'test' } });
  const signature = makeReferrer(index, { seed: 'signature', artifactType: SIGNATURE });
  const referrersRequests = (): string[] =>
    source.requests.map(({ path }) => path).filter((path) => path.includes('/referrers/'));

  beforeAll(async () => {
    source = await startMemoryRegistry({ referrers: 1, google: true });
    await pushImage(source.url, 'api', ['latest', 'v1'], index);
    for (const one of [sbom, signature]) await pushImage(source.url, 'api', [one.digest], one);
  });
  afterAll(async () => source.close());

  it('writes the lists in the target, and reports the number of referrers copied', async () => {
    const dry = await run(source, 'api', { 'dry-run': 'true' });
    expect([dry.outputs['added'], referrersOf(dry).copied, referrersRequests()]).toEqual(['2', 0, []]);
    expect(dry.summary).toContain('takes at least');
    const first = await run(source, 'api');
    expect(first.outputs).toMatchObject({ added: '2', complete: 'true' });
    expect(referrersOf(first)).toEqual({ copied: 2, referrersUnchecked: 0 });
    expect(first.summary).toContain('2 referrers copied');
    expect(first.log).toContain('/api: 2 referrers copied');
    for (const subject of [index, amd64])
      expect(await expectSame(source, 'api', 'mirror/api', subject)).toBe(1);
    const [found] = await discover(target.url, 'mirror/api', amd64.digest, SBOM);
    expect(found?.annotations).toEqual({ 'org.example/tool': 'test' });
  });

  it('copies only the new referrers of an unchanged image', async () => {
    const idle = await run(source, 'api');
    expect(idle.outputs).toMatchObject({ changed: 'false', unchanged: '2', bytes: '0' });
    source.requests.length = 0;
    for (const inputs of [
      { 'dry-run': 'true' },
      { mode: 'plan' },
      { mode: 'monitor' },
      { mode: 'compare' },
    ]) {
      const outcome = await run(source, 'api', inputs);
      expect(outcome.outputs).toMatchObject({ changed: 'false', complete: 'true', unchanged: '2' });
      expect(referrersOf(outcome)).toEqual({ copied: 0, referrersUnchecked: 0 });
    }
    expect(referrersRequests()).toEqual([]);
    const commits = await github.file('octo/meta', 'CHANGELOG.md');
    const late = makeReferrer(amd64, { seed: 'late' });
    await pushImage(source.url, 'api', [late.digest], late);
    const second = await run(source, 'api');
    expect(second.outputs).toMatchObject({ changed: 'true', added: '0', updated: '0', complete: 'true' });
    expect(second.outputs['bytes']).toBe('100');
    expect(referrersOf(second)).toEqual({ copied: 1, referrersUnchecked: 0 });
    expect(await expectSame(source, 'api', 'mirror/api', amd64)).toBe(2);
    expect(await github.file('octo/meta', 'CHANGELOG.md')).toBe(commits);
  });

  it('looks up the referrers of full versions in rotation only', async () => {
    const days = 365;
    const tags = Array.from({ length: 20 }, (_, number) => `v1.0.${number}`);
    await pushImage(source.url, 'versions', tags, makeImage({ seed: 'versions', oci: true }));
    await run(source, 'versions');
    source.requests.length = 0;
    await run(source, 'versions', { recheck: '1' });
    expect(referrersRequests()).toHaveLength(1);
    source.requests.length = 0;
    // Each tag is due on one day of the year: today is possible, but not likely.
    await run(source, 'versions', { recheck: `${days}` });
    expect(referrersRequests().length).toBeLessThanOrEqual(1);
  });

  it('reports a referrer that fails as a failure of its image, and continues with others', async () => {
    const other = makeImage({ seed: 'other', oci: true });
    await pushImage(source.url, 'failing/a', ['latest'], index);
    await pushImage(source.url, 'failing/b', ['latest'], other);
    expect((await run(source, 'failing')).outputs).toMatchObject({ added: '2', complete: 'true' });
    const [bad, good] = [makeReferrer(amd64, { seed: 'bad' }), makeReferrer(other, { seed: 'good' })];
    await pushImage(source.url, 'failing/a', [bad.digest], bad);
    await pushImage(source.url, 'failing/b', [good.digest], good);
    source.intercept = ({ url = '' }, response) => {
      if (!url.endsWith(`/manifests/${bad.digest}`)) return false;
      refuse(response, 403, 'DENIED', 'no');
      return true;
    };
    const outcome = await run(source, 'failing');
    delete source.intercept;
    expect(outcome.exitCode).toBe(1);
    expect(outcome.outputs).toMatchObject({ failed: '1', unchanged: '2', complete: 'false' });
    const messages = outcome.annotations.map(({ message }) => message).join('\n');
    expect(messages).toContain(`/failing/a: the referrers of ${index.digest} were not mirrored`);
    expect(messages).toContain(bad.digest);
    expect(referrersOf(outcome).copied).toBe(1);
    expect(await expectSame(source, 'failing/b', 'mirror/b', other)).toBe(1);
  });

  it('leaves referrers to the next run when the registry answers 429', async () => {
    await pushImage(source.url, 'busy', ['latest'], makeImage({ seed: 'busy', oci: true }));
    await run(source, 'busy');
    source.intercept = ({ url = '' }, response) => {
      if (!url.includes('/referrers/')) return false;
      response.setHeader('retry-after', '3600');
      refuse(response, 429, 'TOOMANYREQUESTS', 'later');
      return true;
    };
    const outcome = await run(source, 'busy');
    delete source.intercept;
    expect(outcome.exitCode).toBe(0);
    expect(outcome.outputs).toMatchObject({ failed: '0', pending: '0', complete: 'false', changed: 'false' });
    expect(referrersOf(outcome)).toEqual({ copied: 0, referrersUnchecked: 1 });
    expect(outcome.summary).toContain('1 image not checked for new referrers');
    expect(outcome.log).toContain('limits the number of requests');
  });
});

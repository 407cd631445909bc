import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeImage, pushImage } from '../support/fixtures/images.ts';
import { type GitHubStandIn, startGitHub } from '../support/github/stand-in.ts';
import { TOKENS } from '../support/github/tokens.ts';
import type { TestServer } from '../support/network/http.ts';
import { startDockerRegistry } from '../support/registries/docker-registry.ts';
import { type Dockerd, startDockerd } from '../support/registries/dockerd.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../support/registries/memory-registry.ts';
import { startEcr } from '../support/registries/targets/ecr.ts';
import { type RunOptions, type RunOutcome, runAction } from '../support/run/runner.ts';

const LOGIN = { username: 'mirror', password: 'right-password' };
/** Milliseconds. Each run takes about half a second on an idle machine. */
const SECONDS = 15_000;
const FORK = {
  eventName: 'pull_request',
  event: { pull_request: { number: 1 } },
  token: TOKENS.readOnly,
};

const Workflow = v.object({
  permissions: v.record(v.string(), v.string()),
  jobs: v.object({
    mirror: v.object({ steps: v.tuple([v.object({ with: v.record(v.string(), v.string()) })]) }),
  }),
});

/** The workflow of README's quick start. */
const [, quickStart = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? [];
const { permissions, jobs } = v.parse(Workflow, parse(quickStart));

let source: MemoryRegistry;
let privateSource: MemoryRegistry;
let target: TestServer;
let ecr: MemoryRegistry;
let dockerd: Dockerd;
let github: GitHubStandIn;

beforeAll(async () => {
  source = await startMemoryRegistry({ google: true });
  privateSource = await startMemoryRegistry({ google: true, auth: { kind: 'token', ...LOGIN } });
  target = await startDockerRegistry({ htpasswd: LOGIN });
  ecr = await startEcr([]);
  dockerd = await startDockerd();
  github = await startGitHub({ 'octo/meta': {} });
  for (const image of ['one', 'two/nested', 'three'])
    await pushImage(source.url, `distroless/${image}`, ['v1', 'latest'], makeImage({ seed: image }));
});

afterAll(async () => {
  await Promise.all([github, dockerd, ecr, target, privateSource, source].map((server) => server.close()));
});

/** README's inputs with the stand-ins' hosts, and what `changes` makes of them. */
async function run(
  changes: Readonly<Record<string, string>> = {},
  options: Partial<RunOptions> = {},
): Promise<RunOutcome> {
  const { steps } = jobs.mirror;
  const inputs = {
    ...steps[0].with,
    namespaces: `${source.host}/distroless`,
    target: `${target.host}/gcrxio`,
    ...LOGIN,
    ...changes,
  };
  return runAction({
    inputs,
    apiUrl: github.url,
    token: permissions['contents'] === 'write' ? TOKENS.write : TOKENS.readOnly,
    ...options,
    env: { DOCKER_HOST: dockerd.dockerHost, ...options.env },
  });
}

interface Mistake {
  readonly what: string;
  readonly changes?: () => Record<string, string>;
  readonly options?: () => Partial<RunOptions>;
  /** The line to change, and what the error says. */
  readonly says: RegExp;
}

const MISTAKES: readonly Mistake[] = [
  {
    what: 'without permission to write',
    options: () => ({ token: TOKENS.readOnly }),
    says: /^octo\/meta can't be written: .* set "permissions: contents: write" in the workflow/,
  },
  {
    what: 'with a wrong password',
    changes: () => ({ password: 'wrong-password' }),
    says: /refuses the credentials from the inputs username and password: check them\./,
  },
  {
    what: 'with a wrong password and engine: registry',
    changes: () => ({ password: 'wrong-password', engine: 'registry' }),
    says: /^6 tags could not be mirrored \(.*\): .* refused the credentials from the inputs username and password: check/,
  },
  {
    what: 'with a misspelt input',
    changes: () => ({ target: '' }),
    options: () => ({ env: { INPUT_TARGT: `${target.host}/gcrxio` } }),
    says: /^"targt": is not an input of this action: did you mean "target"\?$/,
  },
  {
    what: 'with a misspelt input that is not required',
    options: () => ({ env: { INPUT_EXLUDE: '*:latest' } }),
    says: /^"exlude": is not an input of this action: did you mean "exclude"\?$/,
  },
  {
    what: 'with an unknown namespace',
    changes: () => ({ namespaces: `${source.host}/distrolless` }),
    says: /^\S+\/distrolless does not exist, or is private, .* name each repository in "namespaces"/,
  },
  {
    what: 'with a private source',
    changes: () => ({ namespaces: `${privateSource.host}/distroless` }),
    says: /^\S+\/distroless can't be listed\. .* No credentials .* "source-username" and "source-password" for sources/,
  },
  {
    what: 'without a target',
    changes: () => ({ target: '' }),
    says: /^target: is required: the registry and namespace to push to, such as docker\.io\/gcrxio$/,
  },
  {
    what: 'with a target that must be created',
    changes: () => ({ target: `${ecr.host}/gcrxio`, username: '', password: '' }),
    says: /^6 tags could not be mirrored \(.*\): .* Create the repository in Amazon ECR/,
  },
  {
    what: 'with a target that must be created and engine: registry',
    changes: () => ({ target: `${ecr.host}/gcrxio`, username: '', password: '', engine: 'registry' }),
    says: /^6 tags could not be mirrored \(.*\): .* Create the repository in Amazon ECR/,
  },
  {
    what: "in a fork's pull request that is no dry run",
    changes: () => ({ password: '', 'dry-run': 'false' }),
    options: () => FORK,
    says: /^dry-run: "false" needs secrets, and a pull request from a fork .* has none: remove this line/,
  },
  {
    what: 'on a runner with an older Node',
    options: () => ({ env: { NODE_OPTIONS: `--import=${olderNode('20.19.5')}` } }),
    says: /^This action needs Node 24, and was started with Node 20\.19\.5: .* in "runs-on"/,
  },
];

/** A module that makes Node report another version. */
function olderNode(version: string): string {
  const code = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

describe("README's workflow", () => {
  it.each(MISTAKES)('ends within seconds, with one error, $what', async ({ changes, options, says }) => {
    const { exitCode, annotations, duration } = await run(changes?.(), options?.());
    const errors = annotations.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(errors).toEqual([expect.stringMatching(says)]);
    expect(annotations).toHaveLength(1);
    expect(exitCode).toBe(1);
    expect(duration).toBeLessThan(SECONDS);
    expect(await github.commits('octo/meta')).toHaveLength(1);
  });

  it("is a dry run in a fork's pull request, without secrets and without errors", async () => {
    const { exitCode, annotations, outputs } = await run({ password: '' }, FORK);
    expect(annotations.filter(({ level }) => level !== 'notice')).toEqual([]);
    expect(exitCode).toBe(0);
    expect(outputs).toMatchObject({ added: '6', changed: 'true', failed: '0' });
  });

  it('mirrors and records once nothing is wrong', async () => {
    const { exitCode, annotations, outputs } = await run();
    expect(annotations).toEqual([]);
    expect(exitCode).toBe(0);
    expect(outputs).toMatchObject({ complete: 'true', added: '6' });
    expect(await github.file('octo/meta', `${source.host}/distroless.json`)).toContain('"latest"');
  });
});

import type { Octokit } from 'octokit';
import { Agent } from 'undici';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createGitHubClient } from '../../../src/github/client.ts';
import type { Listing } from '../../../src/mirror/listing.ts';
import { testApis, testRegistries } from '../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../support/fixtures/images.ts';
import { listAll } from '../../support/fixtures/list-all.ts';
import { silentLogger } from '../../support/fixtures/silent-logger.ts';
import { OpenApiCheck } from '../../support/github/openapi.ts';
import { type TestServer, sendJson, startServer } from '../../support/network/http.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../support/registries/memory-registry.ts';

const dispatcher = new Agent();
const openApi = new OpenApiCheck();
const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(async () => {
  await dispatcher.close();
});

const IMAGE = makeImage({ seed: 'ghcr' });

interface Packages extends TestServer {
  readonly requests: string[];
  refusal?: { readonly status: number; readonly message: string };
}

/** GitHub's packages API, with two packages a page. */
async function startPackages(
  owner: `${'orgs' | 'users'}/${string}`,
  names: readonly string[],
): Promise<Packages> {
  const server = await startServer(async (request, response) => {
    const url = new URL(request.url ?? '', server.url);
    packages.requests.push(`${url.pathname}${url.search}`);
    const answer = (status: number, body: unknown, headers = {}): void => {
      const exchange = {
        method: 'GET',
        path: url.pathname,
        status,
        requestBody: undefined,
        responseBody: body,
      };
      const problems = openApi.check(exchange);
      if (problems.length > 0) throw new Error(problems.join('; '));
      sendJson(response, status, body, headers);
    };
    const { refusal } = packages;
    const documentation_url = 'https://docs.github.com/rest/packages/packages';
    if (refusal) return answer(refusal.status, { message: refusal.message, documentation_url });
    if (url.searchParams.get('package_type') !== 'container' || url.pathname !== `/${owner}/packages`) {
      return answer(404, { message: 'Not Found', documentation_url });
    }
    const page = Number(url.searchParams.get('page') ?? 1);
    url.searchParams.set('page', String(page + 1));
    const link = page * 2 < names.length ? { link: `<${url.href}>; rel="next"` } : {};
    return answer(200, names.slice(page * 2 - 2, page * 2).map(describePackage), link);
  });
  servers.push(server);
  const packages: Packages = { ...server, requests: [] };
  return packages;
}

function describePackage(name: string, index: number): unknown {
  return {
    id: index,
    name,
    package_type: 'container',
    url: `https://api.github.com/orgs/octo/packages/container/${encodeURIComponent(name)}`,
    html_url: `https://github.com/orgs/octo/packages/container/package/${encodeURIComponent(name)}`,
    version_count: 3,
    visibility: 'public',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  };
}

async function startRegistry(repositories: readonly string[]): Promise<MemoryRegistry> {
  const server = await startMemoryRegistry();
  servers.push(server);
  for (const repository of repositories) await pushImage(server.url, repository, ['v1'], IMAGE);
  return server;
}

async function list(
  packages: Packages | undefined,
  registry: MemoryRegistry,
  path: string,
): Promise<Listing> {
  const client = testRegistries({ retries: 0 }).source(registry.host);
  const github: Octokit | undefined =
    packages &&
    createGitHubClient({ token: 'ghs_x', apiUrl: packages.url, dispatcher, logger: silentLogger });
  return listAll({ registry: 'ghcr.io', path }, client, testApis(undefined, github));
}

function images({ images }: Listing): string[] {
  return Array.from(images.keys()).toSorted();
}

const NAMES = ['app', 'app/debug', 'charts/app', 'tool', 'untagged'];
const REPOSITORIES = NAMES.slice(0, 4).map((name) => `octo/${name}`);

describe('GHCR', () => {
  it('lists the packages of an organization, page by page', async () => {
    const packages = await startPackages('orgs/octo', NAMES);
    const listing = await list(packages, await startRegistry(REPOSITORIES), 'octo');
    expect(images(listing)).toEqual(['app', 'app/debug', 'charts/app', 'tool']);
    expect(listing.images.get('charts/app')).toMatchObject({ repository: 'octo/charts/app' });
    expect(listing.failures).toEqual([]);
    expect(packages.requests).toEqual(
      ['', '&page=2', '&page=3'].map(
        (page) => `/orgs/octo/packages?package_type=container&per_page=100${page}`,
      ),
    );
  });

  it('lists the packages of a user', async () => {
    const packages = await startPackages('users/octo', NAMES);
    expect(images(await list(packages, await startRegistry(REPOSITORIES), 'octo'))).toHaveLength(4);
  });

  it('lists a package with the packages nested in it', async () => {
    const packages = await startPackages('orgs/octo', NAMES);
    const registry = await startRegistry(REPOSITORIES);
    expect(images(await list(packages, registry, 'octo/app'))).toEqual(['app', 'debug']);
    expect(images(await list(packages, registry, 'octo/charts'))).toEqual(['app']);
  });

  it.each([
    [400, 'Invalid argument.'],
    [403, 'Resource not accessible by integration'],
    [403, 'You need at least read:packages scope to list packages.'],
  ])('names the remedy where a token may not list: %d %s', async (status, message) => {
    const packages = await startPackages('orgs/octo', NAMES);
    packages.refusal = { status, message };
    const registry = await startRegistry(REPOSITORIES);
    const listing = list(packages, registry, 'octo');
    await expect(listing).rejects.toThrow(/read:packages.*GITHUB_TOKEN sees only.*name each repository/);
    await expect(list(packages, registry, 'octo')).rejects.toThrow(message);
    // A repository that is named is not in need of the list.
    expect(images(await list(packages, registry, 'octo/tool'))).toEqual(['tool']);
    await expect(list(packages, registry, 'octo/nothing')).rejects.toThrow(/does not exist, .*read:packages/);
  });

  it('does not treat a rate limit as a refusal', async () => {
    const packages = await startPackages('orgs/octo', NAMES);
    packages.refusal = { status: 403, message: 'API rate limit exceeded for installation ID 1.' };
    const listing = list(packages, await startRegistry(REPOSITORIES), 'octo/app');
    await expect(listing).rejects.toThrow(/can't be listed now: API rate limit exceeded/);
  });

  it.each([
    ['nobody has it', 'nobody'],
    ['it is empty', 'octo'],
  ])('names the remedy where %s', async (_, owner) => {
    const packages = await startPackages('orgs/octo', []);
    await expect(list(packages, await startRegistry([]), owner)).rejects.toThrow(/read:packages/);
  });

  it('is not listed through the API of another GitHub server', async () => {
    const registry = await startRegistry(REPOSITORIES);
    await expect(list(undefined, registry, 'octo')).rejects.toThrow(/another GitHub server than github\.com/);
    await expect(list(undefined, registry, '')).rejects.toThrow(/name an owner/);
    expect(images(await list(undefined, registry, 'octo/tool'))).toEqual(['tool']);
  });
});

import { type Octokit, RequestError } from 'octokit';
import * as v from 'valibot';
import type { Namespace } from '../mirror/namespace.ts';
import type { RegistryClient } from '../oci/client.ts';
import { messageOf, printable } from '../oci/errors.ts';
import { type Source, NotListed, listByTags } from './source.ts';

const Packages = v.array(v.object({ name: v.string() }));
/** Stops reading from an API whose pages never end. */
const MAX_PAGES = 1000;

/**
 * Lists GitHub's container registry, whose repositories are the packages of an organization or a user.
 * https://docs.github.com/en/rest/packages/packages
 *
 * @param github absent where the run's API is not github.com's, the only one that has the packages of ghcr.io
 */
export function ghcrSource(
  namespace: Namespace,
  client: RegistryClient,
  github: Octokit | undefined,
): Source {
  const { path } = namespace;
  if (path === '')
    throw new Error("ghcr.io can't be listed as a whole: name an owner, such as ghcr.io/octo-org");
  const [owner = ''] = path.split('/');
  return {
    kind: path.includes('/') ? 'either' : 'prefix',
    listRepositories: async () => {
      if (!github) throw notListed(owner, 'this run uses another GitHub server than github.com');
      const names = await listPackages(github, owner);
      if (names.length === 0) throw notListed(owner, 'GitHub lists none');
      return names.map((name) => `${owner}/${name}`);
    },
    listTags: async (repository) => listByTags(client, repository),
  };
}

/** An owner is an organization or a user, and only a request can show which. */
async function listPackages(github: Octokit, owner: string): Promise<string[]> {
  try {
    return await readNames(github, '/orgs/{owner}/packages', owner).catch(async (error: unknown) => {
      if (statusOf(error) === 404) return readNames(github, '/users/{owner}/packages', owner);
      throw error;
    });
  } catch (error) {
    const status = statusOf(error);
    const answer = printable(messageOf(error));
    if (status === undefined || status >= 500 || /rate limit/i.test(answer)) {
      throw new Error(`The packages of ghcr.io/${owner} can't be listed now: ${answer}`, { cause: error });
    }
    throw notListed(owner, `GitHub answers ${status}, ${answer}`, error);
  }
}

async function readNames(github: Octokit, route: string, owner: string): Promise<string[]> {
  const names: string[] = [];
  let pages = 0;
  const request = github.paginate.iterator(`GET ${route}`, {
    owner,
    package_type: 'container',
    per_page: 100,
  });
  for await (const { data } of request) {
    for (const { name } of v.parse(Packages, data)) names.push(name);
    pages += 1;
    if (pages === MAX_PAGES)
      throw new Error(`GitHub lists more than ${MAX_PAGES} pages of ${owner}'s packages`);
  }
  return names;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RequestError ? error.status : undefined;
}

/** For GITHUB_TOKEN, GitHub answers 400, 403, or a part of the packages, depending on the owner. */
function notListed(owner: string, why: string, cause?: unknown): NotListed {
  return new NotListed(
    `The packages of ghcr.io/${owner} can't be listed: ${why}. Set "github-token" to a personal access token ` +
      '(classic) with the scopes repo and read:packages, as GITHUB_TOKEN sees only packages that are linked to the ' +
      'workflow\'s repository, or name each repository in "namespaces"',
    { cause },
  );
}

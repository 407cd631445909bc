import * as v from 'valibot';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RegistryTransport } from '../oci/http/transport.ts';
import { FIRST_ISSUE } from '../oci/manifest.ts';
import { type ReadPage, readPages } from '../oci/pages.ts';
import { type Source, listByTags } from './source.ts';

const Repositories = v.object({
  repositories: v.array(v.object({ name: v.string(), kind: v.nullish(v.string()) })),
  next_page: v.nullish(v.string()),
});

/**
 * Lists Quay by its own API, which returns a namespace's public repositories. Tags come from the registry API, as those
 * of Quay's API have no media type, and many of Quay's old images are schema1.
 * https://docs.redhat.com/en/documentation/red_hat_quay/3/html/red_hat_quay_api_reference/listrepos
 *
 * @param api the transport of `https://quay.io`; the API takes no registry credentials
 */
export function quaySource(namespace: Namespace, client: RegistryClient, api: RegistryTransport): Source {
  const { path } = namespace;
  if (path === '')
    throw new Error("quay.io can't be listed as a whole: name a namespace, such as quay.io/coreos");
  return {
    kind: path.includes('/') ? 'repository' : 'prefix',
    listRepositories: async () =>
      listRepositories(api, path).catch((error: unknown) => {
        throw explainListing(namespace, error);
      }),
    listTags: async (repository) => listByTags(client, repository),
  };
}

async function listRepositories(api: RegistryTransport, namespace: string): Promise<string[]> {
  const url = `/api/v1/repository?namespace=${encodeURIComponent(namespace)}&public=true`;
  const read: ReadPage<string> = ({ json }) => {
    const page = v.safeParse(Repositories, json, FIRST_ISSUE);
    if (!page.success) return undefined;
    const { repositories, next_page: next } = page.output;
    // An "application" is a chart of the App Registry, not an image.
    const images = repositories.filter(({ kind }) => kind !== 'application');
    return {
      items: images.map(({ name }) => `${namespace}/${name}`),
      next: next ? `${url}&next_page=${encodeURIComponent(next)}` : undefined,
    };
  };
  return readPages(api, url, { of: 'repositories', scopes: [], read });
}

function explainListing(namespace: Namespace, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  return new Error(
    `${formatNamespace(namespace)} can't be listed by Quay's API: check its name, try later, or name each ` +
      `repository in "namespaces". ${error.message}`,
    { cause: error },
  );
}

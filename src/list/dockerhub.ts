import * as v from 'valibot';
import type { ListedTag, SourceDescriptor } from '../mirror/listing.ts';
import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import type { RegistryClient } from '../oci/client.ts';
import { isDigest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RegistryTransport } from '../oci/http/transport.ts';
import { FIRST_ISSUE, isSize } from '../oci/manifest.ts';
import { type ListPage, type ReadPage, readPages } from '../oci/pages.ts';
import { type ListedTags, type Source, listByTags } from './source.ts';

/** The largest page size of Docker Hub's API. */
const PAGE_SIZE = 100;

const Next = v.nullish(v.string());
const Repositories = v.object({ next: Next, results: v.array(v.object({ name: v.string() })) });
const Tag = v.object({
  name: v.string(),
  /** Missing for tags that were pushed long ago, as is the media type. */
  digest: v.nullish(v.string()),
  media_type: v.nullish(v.string()),
  tag_last_pushed: v.nullish(v.string()),
  images: v.nullish(v.array(v.object({ size: v.nullish(v.number()) }))),
});
const Tags = v.object({ next: Next, results: v.array(Tag) });

/**
 * Lists Docker Hub by its own API: a namespace's public repositories, and a hundred tags with their digests per request.
 * https://docs.docker.com/reference/api/hub/latest/
 *
 * @param api the transport of `https://hub.docker.com`; the API takes no registry credentials
 */
export function dockerHubSource(
  namespace: Namespace,
  client: RegistryClient,
  api: RegistryTransport,
): Source {
  const { path } = namespace;
  if (path === '') {
    throw new Error("docker.io can't be listed as a whole: name a namespace, such as docker.io/library");
  }
  return {
    kind: path.includes('/') ? 'repository' : 'prefix',
    listRepositories: async () =>
      listRepositories(api, path).catch((error: unknown) => {
        throw explainListing(namespace, error);
      }),
    // The registry lists what the API refuses, such as private repositories.
    listTags: async (repository) =>
      listTags(api, repository).catch((error: unknown) => {
        if (error instanceof RegistryError) return listByTags(client, repository);
        throw error;
      }),
  };
}

async function listRepositories(api: RegistryTransport, namespace: string): Promise<string[]> {
  const url = `/v2/repositories/${namespace}/`;
  const read: ReadPage<string> = ({ json }) => {
    const page = v.safeParse(Repositories, json, FIRST_ISSUE);
    if (!page.success) return undefined;
    const { results, next } = page.output;
    return { items: results.map(({ name }) => `${namespace}/${name}`), next: nextOf(url, next) };
  };
  return readPages(api, `${url}?page_size=${PAGE_SIZE}`, { of: 'repositories', scopes: [], read });
}

async function listTags(api: RegistryTransport, repository: string): Promise<ListedTags> {
  const url = `/v2/repositories/${repository}/tags/`;
  const read = ({ json }: ListPage): ReturnType<ReadPage<v.InferOutput<typeof Tag>>> => {
    const page = v.safeParse(Tags, json, FIRST_ISSUE);
    return page.success ? { items: page.output.results, next: nextOf(url, page.output.next) } : undefined;
  };
  const listed = await readPages(api, `${url}?page_size=${PAGE_SIZE}`, { of: 'tags', scopes: [], read });
  return { tags: new Map(listed.map((tag): [string, ListedTag] => [tag.name, manifestOf(tag) ?? null])) };
}

function manifestOf({
  digest,
  media_type: mediaType,
  tag_last_pushed: pushed,
  images,
}: v.InferOutput<typeof Tag>): SourceDescriptor | undefined {
  if (!digest || !isDigest(digest) || !mediaType) return undefined;
  // A plan could not share out work of infinite size.
  const sizes = (images ?? []).map((image) => image.size ?? 0);
  const size = sizes.every(isSize) ? sizes.reduce((sum, one) => sum + one, 0) : 0;
  const uploaded = Date.parse(pushed ?? '');
  return {
    digest,
    mediaType,
    ...(size > 0 && { size }),
    ...(!Number.isNaN(uploaded) && { uploaded }),
  };
}

/** Only the query of the next page's URL is used: the request goes to the API, whatever host the URL names. */
function nextOf(url: string, next: string | null | undefined): string | undefined {
  const query = next ? URL.parse(next, 'https://hub.docker.com')?.search : undefined;
  return query ? url + query : undefined;
}

function explainListing(namespace: Namespace, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  const why =
    error.status === 404
      ? 'is no namespace of Docker Hub. Official images are in docker.io/library'
      : 'can\'t be listed by Docker Hub\'s API: try later, or name each repository in "namespaces"';
  return new Error(`${formatNamespace(namespace)} ${why}. ${error.message}`, { cause: error });
}

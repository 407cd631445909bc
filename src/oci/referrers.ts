import * as v from 'valibot';
import { type RegistryClient, pull } from './client.ts';
import type { Digest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { headerOf } from './http/message.ts';
import { type Descriptor, DescriptorSchema, FIRST_ISSUE } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';
import { type ListPage, type ReadPage, pageOf, readPages } from './pages.ts';

/** More signatures, attestations and SBOMs than any manifest has. */
export const MAX_REFERRERS = 10_000;

const List = v.object({ manifests: v.nullish(v.array(DescriptorSchema)) });

/** One referrer in a list. Types that are longer than any real one are omitted. */
export interface ListedReferrer {
  readonly digest: Digest;
  readonly mediaType?: string | null | undefined;
  readonly artifactType?: string | null | undefined;
}

/** The longest media type kept, in characters. */
const MAX_TYPE_LENGTH = 255;

/** Whether a registry has the API; `unknown` after a response that only concerned one manifest or repository. */
type ApiStatus = 'present' | 'absent' | 'unknown';

/**
 * The status of each registry's API, by the first component of its repositories' names: proxies (Harbor, Artifactory) serve
 * the repositories of one upstream registry under each.
 */
const apiStatus = new WeakMap<RegistryClient, Map<string, Promise<ApiStatus>>>();

/**
 * The manifests of `repository` that name `digest` as their subject, as the registry's API lists them; undefined when the
 * registry lacks the API. Then a digest tag may list them. Once the API is known to be absent, it is not requested again.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 *
 * @throws RegistryError when the registry is unavailable, or its list is malformed or never ends
 */
export async function listReferrers(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<readonly ListedReferrer[] | undefined> {
  let parts = apiStatus.get(client);
  if (!parts) apiStatus.set(client, (parts = new Map()));
  const [part = ''] = repository.split('/', 1);
  // Concurrent callers wait for the first response. The first caller must reach parts.set() without any await.
  const before = parts.get(part);
  const status = before && (await before);
  if (status === 'absent') return undefined;
  const listing = requestList(client, repository, digest, status === 'present');
  if (status !== 'present') {
    const learned = listing.then(
      (answer) => answer.status,
      () => 'unknown' as const,
    );
    parts.set(part, learned);
  }
  return (await listing).referrers;
}

interface Answer {
  readonly referrers?: readonly ListedReferrer[];
  readonly status: ApiStatus;
}

/** @param isPresent true when the registry is known to have the API */
async function requestList(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  isPresent: boolean,
): Promise<Answer> {
  const url = `/v2/${repository}/referrers/${digest}`;
  const scopes = [pull(repository)];
  const first = await requestFirstPage(client, url, scopes, isPresent);
  if (typeof first === 'string') return { status: first };
  const list = { of: 'referrers', scopes, read: readList, first, most: MAX_REFERRERS };
  const referrers = await readPages(client.transport, url, list);
  return { referrers: distinct(referrers, digest), status: 'present' };
}

/** The first page. Registries without the API answer with a web page, a redirect to one, or an error of any kind. */
async function requestFirstPage(
  client: RegistryClient,
  url: string,
  scopes: readonly string[],
  isPresent: boolean,
): Promise<ListPage | ApiStatus> {
  try {
    return await client.transport.send(
      { method: 'GET', url, headers: { accept: OCI_INDEX }, scopes, expect: [200, 303] },
      async (response) => {
        const type = headerOf(response.headers, 'content-type')?.split(';')[0]?.trim();
        if (response.status === 200 && type === OCI_INDEX) return pageOf(response);
        await response.body.dump();
        if (isPresent)
          throw new NotAListError({ method: 'GET', url: response.url, cause: 'not a list', ambiguous: true });
        return 'absent';
      },
    );
  } catch (error) {
    if (error instanceof NotAListError) return 'unknown';
    if (!(error instanceof RegistryError) || error.status === undefined || error.retryable) throw error;
    const isGeneral = !DENIALS.has(error.status) && !error.codes.some((code) => UNKNOWN.has(code));
    return isGeneral ? 'absent' : 'unknown';
  }
}

/** A registry with the API answered with a web page: a proxy did, or it makes an exception. */
class NotAListError extends RegistryError {}

const DENIALS = new Set([401, 403]);
const UNKNOWN = new Set(['NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);

/** Some registries link an empty page to itself: an empty page is the last one. */
const readList: ReadPage<ListedReferrer> = ({ json, next }) => {
  const list = v.safeParse(List, json, FIRST_ISSUE);
  if (!list.success) return undefined;
  const items = (list.output.manifests ?? []).map(summarize);
  return { items, next: items.length === 0 ? undefined : next };
};

/** Omits annotations: those of thousands of pages would fill all memory. */
function summarize({ digest, mediaType, artifactType }: Descriptor): ListedReferrer {
  return {
    digest,
    ...(mediaType.length <= MAX_TYPE_LENGTH && { mediaType }),
    ...(artifactType && artifactType.length <= MAX_TYPE_LENGTH && { artifactType }),
  };
}

/** Each referrer once, without the subject itself. */
export function distinct<T extends { readonly digest: Digest }>(
  referrers: readonly T[],
  subject: Digest,
): T[] {
  const byDigest = new Map(referrers.map((referrer) => [referrer.digest, referrer]));
  byDigest.delete(subject);
  return Array.from(byDigest.values());
}

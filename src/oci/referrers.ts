import * as v from 'valibot';
import { type RegistryClient, pull } from './client.ts';
import type { Digest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { headerOf } from './http/message.ts';
import { type Descriptor, DescriptorSchema, FIRST_ISSUE } from './manifest.ts';
import { OCI_INDEX } from './media-types.ts';
import { type ListPage, type ReadPage, pageOf, readPages } from './pages.ts';

/** More than anybody attaches to one manifest: signatures, attestations, SBOMs. */
export const MAX_REFERRERS = 10_000;

const List = v.object({ manifests: v.nullish(v.array(DescriptorSchema)) });

/** One of the manifests that refer to another, as a list has it. Types that are longer than any are left out. */
export interface ListedReferrer {
  readonly digest: Digest;
  readonly mediaType?: string | null | undefined;
  readonly artifactType?: string | null | undefined;
}

const LONGEST_TYPE = 255;

/** Whether a registry has the API; `unsure` where an answer was about one manifest or repository alone. */
type Presence = 'there' | 'absent' | 'unsure';

/**
 * What is known of each registry, by the first part of its repositories' names: below it proxies (Harbor, Artifactory)
 * put the repositories of one upstream.
 */
const known = new WeakMap<RegistryClient, Map<string, Promise<Presence>>>();

/**
 * The manifests of `repository` that name `digest` as their subject, as the registry's API lists them; undefined when
 * it has none. Then they are under a tag, if anywhere. A registry is not asked again once it is clear that it has none.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 *
 * @throws RegistryError when the registry asks to come later, or its list is none or has no end
 */
export async function listReferrers(
  client: RegistryClient,
  repository: string,
  digest: Digest,
): Promise<readonly ListedReferrer[] | undefined> {
  let parts = known.get(client);
  if (!parts) known.set(client, (parts = new Map()));
  const [part = ''] = repository.split('/', 1);
  // Those who ask at the same time wait for the first answer; who is the first must not wait even for nothing.
  const before = parts.get(part);
  const presence = before && (await before);
  if (presence === 'absent') return undefined;
  const asking = ask(client, repository, digest, presence === 'there');
  if (presence !== 'there') {
    const learning = asking.then(
      (answer) => answer.presence,
      () => 'unsure' as const,
    );
    parts.set(part, learning);
  }
  return (await asking).referrers;
}

interface Answer {
  readonly referrers?: readonly ListedReferrer[];
  readonly presence: Presence;
}

/** @param isThere true when the registry is known to have the API */
async function ask(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  isThere: boolean,
): Promise<Answer> {
  const url = `/v2/${repository}/referrers/${digest}`;
  const scopes = [pull(repository)];
  const first = await askFirst(client, url, scopes, isThere);
  if (typeof first === 'string') return { presence: first };
  const list = { of: 'referrers', scopes, read: readList, first, most: MAX_REFERRERS };
  const referrers = await readPages(client.transport, url, list);
  return { referrers: distinct(referrers, digest), presence: 'there' };
}

/** The first page, or what there is instead: a page for people, a redirect to one, an error of any kind. */
async function askFirst(
  client: RegistryClient,
  url: string,
  scopes: readonly string[],
  isThere: boolean,
): Promise<ListPage | Presence> {
  try {
    return await client.transport.send(
      { method: 'GET', url, headers: { accept: OCI_INDEX }, scopes, expect: [200, 303] },
      async (response) => {
        const type = headerOf(response.headers, 'content-type')?.split(';')[0]?.trim();
        if (response.status === 200 && type === OCI_INDEX) return pageOf(response);
        await response.body.dump();
        if (isThere)
          throw new NoList({ method: 'GET', url: response.url, cause: 'no list', ambiguous: true });
        return 'absent';
      },
    );
  } catch (error) {
    if (error instanceof NoList) return 'unsure';
    if (!(error instanceof RegistryError) || error.status === undefined || error.retryable) throw error;
    const isGeneral = !DENIALS.has(error.status) && !error.codes.some((code) => UNKNOWN.has(code));
    return isGeneral ? 'absent' : 'unsure';
  }
}

/** A registry with the API answered with a page: something in between did, or it makes an exception. */
class NoList extends RegistryError {}

const DENIALS = new Set([401, 403]);
const UNKNOWN = new Set(['NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);

/** Some registries link an empty page to itself: it is the last one. */
const readList: ReadPage<ListedReferrer> = ({ json, next }) => {
  const list = v.safeParse(List, json, FIRST_ISSUE);
  if (!list.success) return undefined;
  const items = (list.output.manifests ?? []).map(summarize);
  return { items, next: items.length === 0 ? undefined : next };
};

/** Without annotations: of thousands of pages they would fill all memory. */
function summarize({ digest, mediaType, artifactType }: Descriptor): ListedReferrer {
  return {
    digest,
    ...(mediaType.length <= LONGEST_TYPE && { mediaType }),
    ...(artifactType && artifactType.length <= LONGEST_TYPE && { artifactType }),
  };
}

/** Each once, and none that is the subject itself. */
export function distinct<T extends { readonly digest: Digest }>(
  referrers: readonly T[],
  subject: Digest,
): T[] {
  const byDigest = new Map(referrers.map((referrer) => [referrer.digest, referrer]));
  byDigest.delete(subject);
  return Array.from(byDigest.values());
}

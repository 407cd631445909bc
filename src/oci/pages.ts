import { RegistryError, printable } from './errors.ts';
import { nextPage } from './http/link.ts';
import { type RegistryResponse, headerOf, listHeaderOf, readBody } from './http/message.ts';
import type { RegistryTransport } from './http/transport.ts';

/** One page of a list: its JSON, its URL after redirects, and the next page that its `Link` names. */
export interface ListPage {
  readonly json: unknown;
  readonly url: URL;
  readonly next: URL | undefined;
}

/** Reads the items of one page; undefined when it is not such a list. */
export type ReadPage<T> = (
  page: ListPage,
) => { readonly items: readonly T[]; readonly next: URL | string | undefined } | undefined;

/** 32 MiB are some hundred thousand tags in one repository, more than any has. */
const MAX_PAGE_BYTES = 32 * 1024 ** 2;
/** With a hundred entries per page, as many entries as `MAX_ITEMS`. */
const MAX_PAGES = 10_000;
/** More than any registry has repositories, or any repository has tags. */
const MAX_ITEMS = 1_000_000;

/** The parsed JSON of a list. `url` is a path below the transport's base URL, or a page's URL. */
export async function getPage(
  transport: RegistryTransport,
  url: string | URL,
  scopes: readonly string[],
): Promise<ListPage> {
  return transport.send({ method: 'GET', url, scopes, expect: [200] }, pageOf);
}

/** Reads `response` as one page of a list. */
export async function pageOf(response: RegistryResponse): Promise<ListPage> {
  const bytes = await readBody(response, MAX_PAGE_BYTES);
  const next = nextPage(listHeaderOf(response.headers, 'link'), response.url);
  return { json: parseJson(bytes, response), url: response.url, next };
}

/**
 * Reads a list to its last page.
 *
 * @param list.of what is listed, for messages: `tags`
 * @param list.first the first page, if the caller has it already
 * @param list.most the largest number of items allowed
 * @throws RegistryError when a page is refused or is not such a list, and when pages repeat or never end
 */
export async function readPages<T>(
  transport: RegistryTransport,
  url: string,
  list: {
    readonly of: string;
    readonly scopes: readonly string[];
    readonly read: ReadPage<T>;
    readonly first?: ListPage | undefined;
    readonly most?: number;
  },
): Promise<T[]> {
  const { most = MAX_ITEMS } = list;
  const all: T[] = [];
  const seen = new Set<string>();
  let page = list.first ?? (await getPage(transport, url, list.scopes));
  for (;;) {
    const found = list.read(page);
    if (!found) throw fault(page, `the response is not a list of ${list.of}`);
    for (const item of found.items) all.push(item);
    if (all.length > most) throw fault(page, `there are more than ${most} ${list.of}`);
    if (found.next === undefined) return all;
    const next = found.next.toString();
    if (seen.has(next)) throw fault(page, `the pages of ${list.of} repeat`);
    if (seen.add(next).size >= MAX_PAGES)
      throw fault(page, `there are more than ${MAX_PAGES} pages of ${list.of}`);
    page = await getLaterPage(transport, found.next, list.scopes);
  }
}

/**
 * A page after the first could not be read: the list exists, and its rest is unknown. It has no status, so that a 404 is not
 * treated as "no such repository".
 */
export class LaterPageError extends RegistryError {}

/** @throws LaterPageError when the registry refuses the page */
export async function getLaterPage(
  transport: RegistryTransport,
  url: string | URL,
  scopes: readonly string[],
): Promise<ListPage> {
  try {
    return await getPage(transport, url, scopes);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.retryable || error.status === undefined) throw error;
    const { status, codes } = error;
    const cause = `the list has a page here by its "Link", and it can't be read: ${[`status ${status}`, ...codes].join(', ')}`;
    throw new LaterPageError({ method: 'GET', url: new URL(error.url), cause, error });
  }
}

function fault({ url }: ListPage, cause: string): RegistryError {
  return new RegistryError({ method: 'GET', url, cause });
}

function parseJson(bytes: Uint8Array, response: RegistryResponse): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    const type = headerOf(response.headers, 'content-type') ?? 'no type';
    const cause = `the response is not JSON but ${printable(type, 60)}: this is not a registry, or a page in front of one`;
    throw new RegistryError({ method: 'GET', url: response.url, cause, ambiguous: true });
  }
}

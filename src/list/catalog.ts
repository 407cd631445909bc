import * as v from 'valibot';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { FIRST_ISSUE } from '../oci/manifest.ts';
import { LaterPageError, type ReadPage, readPages } from '../oci/pages.ts';
import { NotListed } from './source.ts';

const Catalog = v.object({ repositories: v.nullable(v.array(v.string())) });

/** Catalogs that are being read. Namespaces of one registry are listed at the same time and share one. */
const reading = new WeakMap<RegistryClient, Promise<readonly string[]>>();

/**
 * All repositories of a registry, by the distribution API's `_catalog`, which can't list a part of them.
 * https://distribution.github.io/distribution/spec/api/#catalog
 *
 * @throws NotListed when the registry has no catalog or does not show it
 */
export async function listCatalog(client: RegistryClient): Promise<readonly string[]> {
  let catalog = reading.get(client);
  if (!catalog) {
    catalog = readCatalog(client).finally(() => reading.delete(client));
    reading.set(client, catalog);
  }
  return catalog;
}

async function readCatalog(client: RegistryClient): Promise<readonly string[]> {
  const read = async (query: string): Promise<readonly string[]> =>
    readPages(client.transport, `/v2/_catalog${query}`, {
      of: 'repositories',
      scopes: ['registry:catalog:*'],
      read: readPage,
    });
  try {
    // Without `n`, docker-registry and ACR return pages of 100. A registry whose limit is below 1,000 answers 400.
    return await read('?n=1000').catch((error: unknown) => {
      if (error instanceof RegistryError && error.status === 400) return read('');
      throw error;
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.retryable || error instanceof LaterPageError) throw error;
    throw new NotListed(
      `${client.registry} does not list its repositories: name each repository in "namespaces", or use ` +
        `credentials that may list them. ${error.message}`,
      { cause: error },
    );
  }
}

/** A page may be empty without being the last: some registries hide repositories that the account may not see. */
const readPage: ReadPage<string> = ({ json, next }) => {
  const catalog = v.safeParse(Catalog, json, FIRST_ISSUE);
  return catalog.success ? { items: catalog.output.repositories ?? [], next } : undefined;
};

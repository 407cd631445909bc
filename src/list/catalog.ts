import * as v from 'valibot';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError } from '../oci/errors.ts';
import { FIRST_ISSUE } from '../oci/manifest.ts';
import { type ReadPage, readPages } from '../oci/pages.ts';
import { NotListed } from './source.ts';

const Catalog = v.object({ repositories: v.nullable(v.array(v.string())) });

/** Catalogs that are being read: namespaces of one registry, which are listed at once, share one. */
const reading = new WeakMap<RegistryClient, Promise<readonly string[]>>();

/**
 * All repositories of a registry, by the distribution API's `_catalog`, which has no way to ask for a part.
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
    // Without a number docker-registry and ACR give a hundred a page; one that allows fewer answers 400.
    return await read('?n=1000').catch((error: unknown) => {
      if (error instanceof RegistryError && error.status === 400) return read('');
      throw error;
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.retryable) throw error;
    throw new NotListed(
      `${client.registry} does not list its repositories: name each repository in "namespaces", or give ` +
        `credentials that may list them. ${error.message}`,
      { cause: error },
    );
  }
}

/** A page may be empty and not the last: some registries leave out what the account may not see. */
const readPage: ReadPage<string> = ({ json, next }) => {
  const catalog = v.safeParse(Catalog, json, FIRST_ISSUE);
  return catalog.success ? { items: catalog.output.repositories ?? [], next } : undefined;
};

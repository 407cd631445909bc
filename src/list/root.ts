import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import { RegistryError } from '../oci/errors.ts';
import { LaterPageError } from '../oci/pages.ts';
import { type ListedTags, type Source, NotListed } from './source.ts';

/** What a namespace's own path is. */
export interface Root extends ListedTags {
  /** True when `children` has all repositories of the namespace, however deep. */
  readonly isFlat: boolean;
}

/**
 * The tags of the repository at the namespace's own path, and the repositories below it.
 *
 * @throws RegistryError or Error with the remedy when the namespace can't be listed
 */
export async function listRoot(namespace: Namespace, source: Source): Promise<Root> {
  const { path } = namespace;
  const own = source.kind === 'prefix' ? nothing() : await listOwn(path, source);
  const refused = own instanceof RegistryError ? own : undefined;
  const root = own instanceof RegistryError ? nothing() : own;
  if (refused && source.kind === 'repository') throw explainRoot(namespace, refused);
  if (root.children || source.kind === 'repository') return { ...root, isFlat: false };
  const names = await source.listRepositories().catch((error: unknown) => {
    if (!(error instanceof NotListed) || root.tags.size === 0) {
      throw refused && path !== '' ? explainBoth(namespace, refused, error) : error;
    }
    return [];
  });
  const prefix = path === '' ? '' : `${path}/`;
  // If the registry refuses the namespace's own path, and lists it as a repository, that repository failed.
  const children = names.filter((name) => name.startsWith(prefix) || (refused && name === path));
  if (refused && path !== '' && children.length === 0) throw explainRoot(namespace, refused);
  return { ...root, children, isFlat: true };
}

function nothing(): ListedTags {
  return { tags: new Map() };
}

/** The namespace as a repository, or the registry's refusal, as a namespace need not be a repository. */
async function listOwn(path: string, source: Source): Promise<ListedTags | RegistryError> {
  try {
    return await source.listTags(path);
  } catch (error) {
    const isRefusal = error instanceof RegistryError && !error.retryable;
    if (isRefusal && !(error instanceof LaterPageError)) return error;
    throw error;
  }
}

function explainRoot(namespace: Namespace, error: RegistryError): Error {
  if (error.status !== 404) return error;
  return new Error(
    `${formatNamespace(namespace)} does not exist or is private. Check "namespaces". ${error.message}`,
    { cause: error },
  );
}

/** Both the namespace's own path and the registry's list were refused; an account that is refused everywhere is named once. */
function explainBoth(namespace: Namespace, own: RegistryError, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  if (cause instanceof RegistryError && cause.message === own.message)
    return new Error(`${formatNamespace(namespace)} can't be listed. ${own.message}`, { cause: error });
  const why = own.status === 404 ? 'does not exist, or is private, as a repository' : "can't be listed";
  return new Error(`${formatNamespace(namespace)} ${why} (${own.message}), and ${error.message}`, {
    cause: error,
  });
}

import { type Namespace, formatNamespace, repositoryIn } from '../namespace.ts';
import { type RegistryClient, pull, tagsPath } from '../oci/client.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import { isRepositoryName, isTag } from '../oci/names.ts';
import type { Failure } from '../report/result.ts';
import { headTags, readGoogleList } from './google.ts';
import type { Listing, SourceImage, SourceManifest } from './listing.ts';

/** More repositories than any namespace has; a registry that makes them up is stopped here. */
const MAX_REPOSITORIES = 100_000;

/**
 * Lists what `namespace` holds, walking Google-style namespaces to their leaves with one request a repository;
 * elsewhere the namespace must be one repository, whose digests are asked for tag by tag.
 *
 * @param images when given, only these are asked for, each by its name
 * @throws RegistryError or Error with the remedy when the namespace itself can't be listed. A repository inside it
 *   that can't is a failure in the listing, and so is a name or tag that the specification does not allow.
 */
export async function discover(
  namespace: Namespace,
  client: RegistryClient,
  images?: readonly string[],
): Promise<Listing> {
  if (images) {
    const walk = new Walk(namespace, client);
    await walk.visit(images);
    // With nothing there the namespace itself may be wrong, which only a listing of it can tell.
    if (walk.images.size > 0 || walk.failures.length > 0) return walk.listing();
  }
  const walk = new Walk(namespace, client);
  const children = await walk.list(namespace.path).catch((error: unknown) => {
    throw explainRoot(namespace, error);
  });
  await walk.descend(namespace.path, children);
  if (walk.images.size === 0 && walk.failures.length === 0) {
    throw new Error(
      `${formatNamespace(namespace)} holds no repository with tags: check its name in "namespaces"`,
    );
  }
  return walk.listing();
}

/** One walk down a namespace; children are asked for at once, and the host's gate bounds how many. */
class Walk {
  readonly images = new Map<string, SourceImage>();
  readonly failures: Failure[] = [];
  readonly #namespace: Namespace;
  readonly #client: RegistryClient;
  #seen = 0;

  constructor(namespace: Namespace, client: RegistryClient) {
    this.#namespace = namespace;
    this.#client = client;
  }

  listing(): Listing {
    return { namespace: this.#namespace, images: this.images, failures: this.failures };
  }

  /** Lists repositories by their names. One that is not there is left out: it is gone. */
  async visit(images: readonly string[]): Promise<void> {
    const { path } = this.#namespace;
    const own = this.#imageOf(path);
    const repositories = images.flatMap((image) => [
      repositoryIn(this.#namespace, image),
      ...(image === own && path !== '' ? [path] : []),
    ]);
    await Promise.all(
      repositories.map(async (repository) => {
        try {
          await this.list(repository);
        } catch (error) {
          if (!(error instanceof RegistryError)) throw error;
          if (error.status !== 404) this.#fail(repository, error.message);
        }
      }),
    );
  }

  /** Takes in the tags of `repository` and gives the names of its children. */
  async list(repository: string): Promise<readonly string[]> {
    const page = await this.#client.getList(
      tagsPath(repository),
      repository === '' ? [] : [pull(repository)],
    );
    const google = readGoogleList(page);
    if (!google && repository === '') {
      throw new Error(
        `${this.#namespace.registry} does not list its repositories (the answer has neither "child" nor ` +
          '"manifest"): name each repository in "namespaces"',
      );
    }
    const tags = google?.tags ?? new Map<string, SourceManifest>();
    const bare = google?.bare ?? (await this.#client.listTags(repository, page));
    this.#dropBadTags(repository, tags, bare);
    for (const [tag, manifest] of await headTags(this.#client, repository, bare)) tags.set(tag, manifest);
    this.#add(repository, tags);
    return google?.children ?? [];
  }

  async descend(parent: string, children: readonly string[]): Promise<void> {
    await Promise.all(
      children.map(async (child) => {
        const repository = parent === '' ? child : `${parent}/${child}`;
        await this.descend(repository, await this.#listChild(repository, child));
      }),
    );
  }

  /** Like `list`, but a repository that can't be listed becomes a failure and does not end the walk. */
  async #listChild(repository: string, name: string): Promise<readonly string[]> {
    if (name.includes('/') || !isRepositoryName(repository)) {
      this.#fail(
        repository,
        'its name is not one that the distribution specification allows; it was left out',
      );
      return [];
    }
    this.#seen += 1;
    if (this.#seen > MAX_REPOSITORIES) {
      throw new Error(`${formatNamespace(this.#namespace)} lists more than ${MAX_REPOSITORIES} repositories`);
    }
    try {
      return await this.list(repository);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      this.#fail(repository, error.message);
      return [];
    }
  }

  #add(repository: string, tags: Map<string, SourceManifest>): void {
    if (tags.size === 0) return;
    const image = this.#imageOf(repository);
    const other = this.images.get(image);
    if (other) {
      this.#fail(repository, `${other.repository} goes by the same name in this namespace; it was left out`);
    } else {
      this.images.set(image, { repository, tags });
    }
  }

  /** Removes from `tags`, and reports, those that are none by their names; `headTags` skips such `bare` ones. */
  #dropBadTags(repository: string, tags: Map<string, SourceManifest>, bare: readonly string[]): void {
    const bad = [...tags.keys(), ...bare].filter((tag) => !isTag(tag));
    if (bad.length === 0) return;
    for (const tag of bad) tags.delete(tag);
    const some = bad.slice(0, 5).map((tag) => JSON.stringify(printable(tag, 60)));
    this.#fail(
      repository,
      `${bad.length} of its tags are not ones that the distribution specification allows: ${some.join(', ')}`,
    );
  }

  #fail(repository: string, reason: string): void {
    this.failures.push({
      image: printable(this.#imageOf(repository)),
      tags: [],
      reason: printable(reason, 1000),
    });
  }

  /** The path inside the namespace; the namespace's own repository goes by its last part. */
  #imageOf(repository: string): string {
    const { path } = this.#namespace;
    if (path === '') return repository;
    return repository === path ? path.slice(path.lastIndexOf('/') + 1) : repository.slice(path.length + 1);
  }
}

function explainRoot(namespace: Namespace, error: unknown): unknown {
  if (!(error instanceof RegistryError) || error.status !== 404) return error;
  const name = formatNamespace(namespace);
  const why =
    namespace.path === ''
      ? 'does not list its root: name a namespace in it'
      : 'is not there, or not to be seen';
  return new Error(`${name} ${why}. Check "namespaces". ${error.message}`, { cause: error });
}

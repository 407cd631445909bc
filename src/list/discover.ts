import type { Failure } from '../mirror/failure.ts';
import type { ListedTag, Listing, SourceImage } from '../mirror/listing.ts';
import { type Namespace, formatNamespace, repositoryIn } from '../mirror/namespace.ts';
import type { RegistryClient } from '../oci/client.ts';
import { RegistryError, printable } from '../oci/errors.ts';
import { isRepositoryName, isTag } from '../oci/names.ts';
import { type SourceApis, chooseSource } from './choose.ts';
import { listRoot } from './root.ts';
import type { ListedTags, Source } from './source.ts';

/** More repositories than any namespace has. A registry that invents names is stopped here. */
const MAX_REPOSITORIES = 100_000;

/**
 * Lists the contents of `namespace`: the repository of that name, and all repositories nested in it.
 *
 * @param images if set, only these are listed, each by its name
 * @param wanted the repositories to list; an unwanted one can't fail the listing
 * @throws RegistryError or Error with the remedy when the namespace itself can't be listed. A repository inside it
 *   that can't be listed is a failure in the listing, as is a name or tag that the specification does not allow.
 */
export async function discover(
  namespace: Namespace,
  client: RegistryClient,
  apis: SourceApis,
  images?: readonly string[],
  wanted: WantedImages = ALL_IMAGES,
): Promise<Listing<ListedTag>> {
  const source = chooseSource(namespace, client, apis);
  if (images) {
    const walk = new Walk(namespace, source, wanted);
    await walk.addImages(images);
    // If nothing is found, the namespace itself may be wrong, which only listing it can show.
    if (walk.images.size > 0 || walk.failures.length > 0) return walk.listing();
  }
  const { isFlat, ...root } = await listRoot(namespace, source);
  const walk = new Walk(namespace, source, wanted);
  await walk.addTree(namespace.path, root, isFlat);
  if (walk.images.size === 0 && walk.failures.length === 0 && !walk.hasSkipped) {
    throw new Error(
      `No repository with tags found in ${formatNamespace(namespace)}. Check "namespaces"; list private ` +
        'repositories individually',
    );
  }
  return walk.listing();
}

/**
 * Lists some images of `namespace` by their names. One that can't be listed, or that the registry does not have, is a failure in
 * the listing.
 */
export async function discoverImages(
  namespace: Namespace,
  client: RegistryClient,
  apis: SourceApis,
  images: readonly string[],
): Promise<Listing<ListedTag>> {
  const walk = new Walk(namespace, chooseSource(namespace, client, apis), ALL_IMAGES);
  await walk.addRepositories(images.map((image) => repositoryIn(namespace, image)));
  const { failures, ...listing } = walk.listing();
  const isKnown = (image: string): boolean =>
    listing.images.has(image) || failures.some((failure) => failure.image === image);
  const missing = images.filter((image) => !isKnown(image));
  const none = missing.map((image) => ({
    image,
    tags: [],
    reason: `${formatNamespace(namespace)}/${image} ${NO_TAGS}`,
  }));
  return { ...listing, failures: [...failures, ...none] };
}

const NO_TAGS =
  "does not exist, is private, or has no tags. Check its name in the list of images, and the source's credentials";

/** Which repositories of a namespace are listed. */
export interface WantedImages {
  /** True when some tags of the image may be mirrored. */
  readonly wantsImage: (image: string) => boolean;
  /** True when neither the image nor any that is nested in it is mirrored. */
  readonly excludesTree: (image: string) => boolean;
}

const ALL_IMAGES: WantedImages = { wantsImage: () => true, excludesTree: () => false };

/** One walk down a namespace. All children are requested at once; the host's limiter bounds how many are in flight. */
class Walk {
  readonly images = new Map<string, SourceImage<ListedTag>>();
  readonly failures: Failure[] = [];
  readonly #namespace: Namespace;
  readonly #source: Source;
  readonly #seen = new Set<string>();
  readonly #wanted: WantedImages;
  /** True once an unwanted repository was skipped. */
  hasSkipped = false;

  constructor(namespace: Namespace, source: Source, wanted: WantedImages) {
    this.#namespace = namespace;
    this.#source = source;
    this.#wanted = wanted;
  }

  listing(): Listing<ListedTag> {
    return { namespace: this.#namespace, images: this.images, failures: this.failures };
  }

  /** Collects the tags of repositories by their names. A repository that does not exist is skipped: it was removed. */
  async addImages(images: readonly string[]): Promise<void> {
    const { path } = this.#namespace;
    const repositories = images.flatMap((image) => [
      repositoryIn(this.#namespace, image),
      ...(path !== '' && image === this.#imageOf(path) ? [path] : []),
    ]);
    await this.addRepositories(repositories);
  }

  /** Collects the tags of repositories by their full paths. One that does not exist is skipped. */
  async addRepositories(repositories: readonly string[]): Promise<void> {
    await Promise.all(
      repositories.map(async (repository) => {
        const found = await this.#listChild(repository);
        if (found) this.#addTags(repository, found);
      }),
    );
  }

  /**
   * Collects the tags of `repository`, then those of all repositories below it. In this order, if a nested repository
   * has the same image name as the namespace's own, it is always the nested one that is left out.
   */
  async addTree(repository: string, listed: ListedTags, isFlat: boolean): Promise<void> {
    this.#addTags(repository, listed);
    const children = (listed.children ?? []).filter(
      (child) => this.#isNew(child) && !this.#isSkipped(child, isFlat),
    );
    await Promise.all(
      children.map(async (child) => {
        const found = await this.#listChild(child);
        if (found) await this.addTree(child, found, isFlat);
      }),
    );
  }

  /** False for a repository that was listed before, or whose name is not allowed. */
  #isNew(repository: string): boolean {
    if (this.#seen.has(repository)) return false;
    this.#seen.add(repository);
    if (this.#seen.size > MAX_REPOSITORIES) {
      throw new Error(`${formatNamespace(this.#namespace)} lists more than ${MAX_REPOSITORIES} repositories`);
    }
    if (isRepositoryName(repository)) return true;
    this.#fail(repository, 'the distribution specification does not allow its name; it was left out');
    return false;
  }

  /** True for an unwanted repository. In a tree it is listed all the same if wanted ones may be nested in it. */
  #isSkipped(repository: string, isFlat: boolean): boolean {
    const image = this.#imageOf(repository);
    const { wantsImage, excludesTree } = this.#wanted;
    const isSkipped = isFlat ? !wantsImage(image) : excludesTree(image);
    this.hasSkipped ||= isSkipped;
    return isSkipped;
  }

  /** A repository that can't be listed becomes a failure; undefined for one that does not exist. */
  async #listChild(repository: string): Promise<ListedTags | undefined> {
    try {
      return await this.#source.listTags(repository);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (error.status !== 404) this.#fail(repository, error.message);
      return undefined;
    }
  }

  #addTags(repository: string, { tags, problem }: ListedTags): void {
    if (repository === '') return;
    if (problem !== undefined) this.#fail(repository, problem);
    this.#dropBadTags(repository, tags);
    if (tags.size === 0) return;
    const image = this.#imageOf(repository);
    const other = this.images.get(image);
    if (other) {
      this.#fail(
        repository,
        `${other.repository} has the same image name in this namespace; it was left out`,
      );
    } else {
      this.images.set(image, { repository, tags });
    }
  }

  /** Removes from `tags`, and reports, the names that are not allowed. */
  #dropBadTags(repository: string, tags: Map<string, ListedTag>): void {
    const bad = Array.from(tags.keys()).filter((tag) => !isTag(tag));
    if (bad.length === 0) return;
    for (const tag of bad) tags.delete(tag);
    const some = bad.slice(0, 5).map((tag) => JSON.stringify(printable(tag, 60)));
    this.#fail(
      repository,
      `the distribution specification does not allow ${bad.length} of its tags: ${some.join(', ')}`,
    );
  }

  #fail(repository: string, reason: string): void {
    const image = printable(this.#imageOf(repository));
    this.failures.push({ image, tags: [], reason: printable(reason, 1000) });
  }

  /** The path inside the namespace; for the namespace's own repository, its last part. */
  #imageOf(repository: string): string {
    const { path } = this.#namespace;
    if (path === '') return repository;
    return repository === path ? path.slice(path.lastIndexOf('/') + 1) : repository.slice(path.length + 1);
  }
}

import { rm } from 'node:fs/promises';
import { CopyError, isPermanent } from '../../mirror/copy-error.ts';
import { type SingleImage, findTargetImage, readSourceImage } from '../../mirror/source-image.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Logger } from '../../oci/logger.ts';
import type { Sleep } from '../../oci/sleep.ts';
import type { CopyObserver, CopyTask, Engine } from '../engine.ts';
import { SharedSources } from '../shared-source.ts';
import { type DockerCli, DockerUnableError } from './cli.ts';
import { PulledImages } from './pulled-images.ts';
import { Removals } from './removals.ts';

export interface DockerEngineOptions {
  /** Copies what docker can't copy: an index of several platforms, an artifact. */
  readonly indexEngine: Engine;
  /** Number of images that are copied to one target registry at the same time. */
  readonly concurrency: number;
  readonly logger: Logger;
  readonly sleep: Sleep;
  /** Aborted when the run must end at once: then only commands that remove images are started. */
  readonly abort: AbortSignal;
}

/** Of most images: the source's reference and one tag of the target. */
const REFERENCES_PER_IMAGE = 2;

/** The docker command with the logins of each role; `anonymous` is set when a source's login is only a fallback. */
export interface Clis {
  readonly source: DockerCli;
  readonly target: DockerCli;
  readonly anonymous: DockerCli | undefined;
}

/** Copies images of one platform with docker; `openDockerEngine` opens it. */
export class DockerEngine implements Engine {
  readonly width: number;
  readonly #options: DockerEngineOptions;
  readonly #folder: string;
  readonly #docker: Clis;
  readonly #sources = new SharedSources();
  readonly #pulled = new PulledImages();
  readonly #removals: Removals;
  /** References that may be left in the daemon: the end of a run also ends commands that remove images. */
  readonly #unremoved = new Set<string>();
  /** Number of copies in progress. */
  #copying = 0;

  /** @param folder has the logins, and is removed with `close` */
  constructor(options: DockerEngineOptions, folder: string, docker: Clis) {
    this.width = options.concurrency;
    this.#options = options;
    this.#folder = folder;
    this.#docker = docker;
    this.#removals = new Removals({
      limit: options.concurrency * REFERENCES_PER_IMAGE,
      removeAll: async (references) => this.#removeAll(references),
      sleep: options.sleep,
    });
  }

  async copy(task: CopyTask, observer: CopyObserver): Promise<number> {
    this.#copying += 1;
    try {
      return await this.#copy(this.#sources.taskOf(task), observer);
    } finally {
      this.#copying -= 1;
      // Nothing comes that a removal could wait for.
      if (this.#copying === 0) void this.#removals.end();
    }
  }

  async #copy(task: CopyTask, observer: CopyObserver): Promise<number> {
    const { client, repository, digest } = task.source;
    const image = await readSourceImage(client, repository, digest, task.platforms);
    const name = `${client.registry}/${repository}@${digest}`;
    const { indexEngine, logger } = this.#options;
    if (image.kind === 'whole' || task.tags.some(isDigest)) {
      const why =
        image.kind === 'whole'
          ? 'has several platforms or is not an image'
          : "is mirrored without a tag, which docker can't push";
      logger.info(`${name} ${why}: it is copied registry to registry`);
      return indexEngine.copy(task, observer);
    }
    const done: string[] = [];
    try {
      return await this.#copyImage(task, image, observer, done);
    } catch (error) {
      if (!(error instanceof DockerUnableError)) throw error;
      logger.info(`${name} is copied registry to registry, because docker can't: ${error.message}`);
      const tags = task.tags.filter((tag) => !done.includes(tag));
      return indexEngine.copy({ ...task, tags }, observer);
    }
  }

  /**
   * Pulls, tags and pushes one image.
   *
   * @param done receives each tag that was pushed
   * @returns number of bytes sent
   */
  async #copyImage(
    task: CopyTask,
    image: SingleImage,
    observer: CopyObserver,
    done: string[],
  ): Promise<number> {
    const { source, target } = task;
    this.#options.abort.throwIfAborted();
    const local = `${source.client.registry}/${source.repository}@${image.digest}`;
    const remotes: string[] = [];
    const platform = image.platform === undefined ? [] : ['--platform', image.platform];
    await this.#removals.room();
    return this.#pulled.use(local, {
      pull: async () => {
        // An earlier copy may have left the image to its removal.
        await this.#removals.settled(local);
        await this.#pull(source.client.registry, ['--quiet', ...platform, local]);
      },
      use: async () => {
        let bytes = 0;
        for (const tag of task.tags) {
          const remote = `${target.client.registry}/${target.repository}:${tag}`;
          // Added first: a command that was interrupted may have succeeded.
          remotes.push(remote);
          const sent = await this.#pushAs(remote, local, task, { tag, image, observer });
          done.push(tag);
          bytes = Math.max(bytes, sent);
        }
        return bytes;
      },
      remove: (isLast) => void this.#removals.remove(isLast ? [local, ...remotes] : remotes),
    });
  }

  async #pushAs(
    remote: string,
    local: string,
    task: CopyTask,
    { tag, image, observer }: { tag: string; image: SingleImage; observer: CopyObserver },
  ): Promise<number> {
    const { abort } = this.#options;
    abort.throwIfAborted();
    // An earlier attempt may have left the tag to its removal.
    await this.#removals.settled(remote);
    await this.#docker.target.run(['tag', local, remote]);
    await observer.beforeOverwrite(tag);
    abort.throwIfAborted();
    return this.#push(task, tag, image, observer);
  }

  async #pull(registry: string, args: readonly string[]): Promise<void> {
    const { source, anonymous } = this.#docker;
    try {
      await source.move('pull', registry, args);
    } catch (error) {
      if (!isPermanent(error) || !anonymous || source.logins.get(registry)?.fallback !== true) throw error;
      await anonymous.move('pull', registry, args).catch(() => {
        throw error;
      });
    }
  }

  /**
   * Pushes `tag`. A target with immutable tags may refuse an image that it already has under the tag.
   *
   * @returns number of bytes sent
   */
  async #push(task: CopyTask, tag: string, image: SingleImage, observer: CopyObserver): Promise<number> {
    const { client, repository } = task.target;
    try {
      await this.#docker.target.move('push', client.registry, [
        '--quiet',
        `${client.registry}/${repository}:${tag}`,
      ]);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await this.#verify(task, tag, image, observer).catch(() => {
        throw error;
      });
      return 0;
    }
    return this.#verify(task, tag, image, observer);
  }

  /** Reads the tag back from the target: the digest that docker reports is not reliable. @returns the image's size in bytes */
  async #verify(
    { target }: CopyTask,
    tag: string,
    image: SingleImage,
    observer: CopyObserver,
  ): Promise<number> {
    const found = await findTargetImage(target.client, target.repository, tag, image);
    if (!found) {
      const name = `${target.client.registry}/${target.repository}:${tag}`;
      const message = `docker pushed ${name}, but the target does not hold that image under this tag`;
      throw new CopyError(message, { retryable: true });
    }
    const platforms = image.platform === undefined ? {} : { platforms: [image.platform] };
    observer.onTagVerified(tag, { digest: found.digest, ...platforms });
    return found.bytes;
  }

  async #removeAll(references: readonly string[]): Promise<void> {
    try {
      await this.#docker.target.run(['image', 'rm', ...references]);
      for (const reference of references) this.#unremoved.delete(reference);
    } catch (error) {
      // The command also fails for references that were never pulled or tagged.
      for (const reference of references) this.#unremoved.add(reference);
      this.#options.logger.debug(String(error));
    }
  }

  async close(): Promise<void> {
    await this.#options.indexEngine.close();
    await this.#removals.end();
    void this.#removals.remove(Array.from(this.#unremoved));
    await this.#removals.end();
    await rm(this.#folder, { recursive: true, force: true }).catch((error: unknown) => {
      this.#options.logger.warning(`${this.#folder} could not be removed: ${String(error)}`);
    });
  }
}

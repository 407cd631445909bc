import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CopyError } from '../../mirror/copy-error.ts';
import { type SingleImage, findTargetImage, readSourceImage } from '../../mirror/source-image.ts';
import type { Credential } from '../../oci/auth/credentials.ts';
import { credentialServer } from '../../oci/auth/docker-config.ts';
import { messageOf } from '../../oci/errors.ts';
import type { Logger } from '../../oci/logger.ts';
import type { CopyTask, Engine, VerifiedTag } from '../engine.ts';
import { type Exec, DockerCli } from './cli.ts';
import { createConfig } from './config.ts';

/** Who logs in where. Registries without an entry use what the user's docker config has. */
export interface Logins {
  readonly source: ReadonlyMap<string, Credential>;
  readonly target: ReadonlyMap<string, Credential>;
}

export interface DockerEngineOptions {
  readonly exec: Exec;
  /** The environment for docker: PATH, HOME, DOCKER_HOST and whatever else the user set. */
  readonly env: Readonly<Record<string, string>>;
  /** The user's docker configuration, which is read and never changed. */
  readonly userConfig: string;
  /** Where temporary folders go. */
  readonly tempFolder: string;
  readonly logins: Logins;
  /** Told of the folder that holds the logins, before it does, so that `post` can remove it. */
  readonly onFolder: (folder: string) => void;
  /** Copies what docker can't: an index of several platforms, an artifact. */
  readonly indexEngine: Engine;
  /** Images at a time. */
  readonly concurrency: number;
  readonly logger: Logger;
  /** Aborted when the run must end at once: no further command is started then, but for what removes things. */
  readonly abort: AbortSignal;
}

/**
 * Gets ready to copy with docker: checks the daemon, and logs in, for sources and target apart.
 *
 * @throws Error with the remedy when there is no docker, no daemon, or a login is refused
 */
export async function openDockerEngine(options: DockerEngineOptions): Promise<Engine> {
  const { exec, env, userConfig, tempFolder, logins, onFolder } = options;
  await new DockerCli(exec, env, userConfig).check();
  const folder = await mkdtemp(join(tempFolder, 'sync-action-docker-'));
  onFolder(folder);
  const open = async (name: string, credentials: ReadonlyMap<string, Credential>): Promise<DockerCli> =>
    openCli(options, join(folder, name), credentials);
  try {
    const source = await open('source', logins.source);
    const target = await open('target', logins.target);
    const isImplicit = Array.from(source.logins.values()).some(({ fallback }) => fallback);
    const anonymous = isImplicit ? await open('anonymous', new Map()) : undefined;
    return new DockerEngine(options, folder, { source, target, anonymous });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function openCli(
  { exec, env, userConfig, logger }: DockerEngineOptions,
  config: string,
  credentials: ReadonlyMap<string, Credential>,
): Promise<DockerCli> {
  await createConfig(config, userConfig, Array.from(credentials.keys(), credentialServer));
  const docker = new DockerCli(exec, env, config);
  for (const [registry, credential] of credentials) {
    try {
      await docker.login(registry, credential);
    } catch (error) {
      if (credential.fallback !== true) throw error;
      const message = messageOf(error);
      logger.info(`${message}. docker goes on without them`);
    }
  }
  return docker;
}

/** docker with the logins of each role; `anonymous` is there where sources have a login that nobody gave for them. */
interface Clis {
  readonly source: DockerCli;
  readonly target: DockerCli;
  readonly anonymous: DockerCli | undefined;
}

class DockerEngine implements Engine {
  readonly width: number;
  readonly #options: DockerEngineOptions;
  readonly #folder: string;
  readonly #docker: Clis;
  /** What may be left in the daemon: the end of a run ends the commands that remove things too. */
  readonly #left = new Set<string>();

  constructor(options: DockerEngineOptions, folder: string, docker: Clis) {
    this.width = options.concurrency;
    this.#options = options;
    this.#folder = folder;
    this.#docker = docker;
  }

  async copy(task: CopyTask, held: (tag: string, what: VerifiedTag) => void): Promise<number> {
    const { client, repository, digest } = task.source;
    const image = await readSourceImage(client, repository, digest, task.platforms);
    if (image.kind === 'whole') {
      const name = `${client.registry}/${repository}@${digest}`;
      this.#options.logger.info(`${name} has several platforms or is no image: it goes registry to registry`);
      return this.#options.indexEngine.copy(task, held);
    }
    const { abort } = this.#options;
    abort.throwIfAborted();
    const local = `${client.registry}/${repository}@${image.digest}`;
    const references = [local];
    try {
      const platform = image.platform === undefined ? [] : ['--platform', image.platform];
      await this.#pull(client.registry, ['--quiet', ...platform, local]);
      let bytes = 0;
      for (const tag of task.tags) {
        abort.throwIfAborted();
        const remote = `${task.target.client.registry}/${task.target.repository}:${tag}`;
        // First: a command that is ended may have been done all the same.
        references.push(remote);
        await this.#docker.target.run(['tag', local, remote]);
        await task.beforeOverwrite(tag);
        abort.throwIfAborted();
        const sent = await this.#push(task, tag, image, held);
        bytes = Math.max(bytes, sent);
      }
      return bytes;
    } finally {
      await this.#remove(references);
    }
  }

  async #pull(registry: string, args: readonly string[]): Promise<void> {
    const { source, anonymous } = this.#docker;
    try {
      await source.move('pull', registry, args);
    } catch (error) {
      if (!isRefusal(error) || !anonymous || source.logins.get(registry)?.fallback !== true) throw error;
      await anonymous.move('pull', registry, args).catch(() => {
        throw error;
      });
    }
  }

  /** Gives the bytes sent. A target may refuse what it holds already, under a tag that is not to change. */
  async #push(
    task: CopyTask,
    tag: string,
    image: SingleImage,
    held: (tag: string, what: VerifiedTag) => void,
  ): Promise<number> {
    const { client, repository } = task.target;
    try {
      await this.#docker.target.move('push', client.registry, [
        '--quiet',
        `${client.registry}/${repository}:${tag}`,
      ]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#readBack(task, tag, image, held).catch(() => {
        throw error;
      });
      return 0;
    }
    return this.#readBack(task, tag, image, held);
  }

  /** The target says what it holds; docker's own word is not taken. */
  async #readBack(
    { target }: CopyTask,
    tag: string,
    image: SingleImage,
    held: (tag: string, what: VerifiedTag) => void,
  ): Promise<number> {
    const found = await findTargetImage(target.client, target.repository, tag, image);
    if (!found) {
      const name = `${target.client.registry}/${target.repository}:${tag}`;
      throw new CopyError(`docker pushed ${name}, but the target does not hold that image under it`, {
        retryable: true,
      });
    }
    const platforms = image.platform === undefined ? {} : { platforms: [image.platform] };
    held(tag, { digest: found.digest, ...platforms });
    return found.bytes;
  }

  async #remove(references: readonly string[]): Promise<void> {
    try {
      await this.#docker.target.run(['image', 'rm', ...references]);
      for (const reference of references) this.#left.delete(reference);
    } catch (error) {
      // Of what was never pulled or tagged there is nothing to remove.
      for (const reference of references) this.#left.add(reference);
      this.#options.logger.debug(String(error));
    }
  }

  async close(): Promise<void> {
    await this.#options.indexEngine.close();
    const left = Array.from(this.#left);
    for (let index = 0; index < left.length; index += AT_ONCE)
      await this.#remove(left.slice(index, index + AT_ONCE));
    await rm(this.#folder, { recursive: true, force: true }).catch((error: unknown) => {
      this.#options.logger.warning(`${this.#folder} could not be removed: ${String(error)}`);
    });
  }
}

/** References that one command removes. */
const AT_ONCE = 100;

/** True for what another try does not mend. */
function isRefusal(error: unknown): boolean {
  return error instanceof CopyError && !error.retryable;
}

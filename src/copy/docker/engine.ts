import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../logger.ts';
import type { Credential } from '../../oci/credentials.ts';
import { credentialServer } from '../../oci/docker-config.ts';
import { CopyError, type CopyTask, type Engine, type Held } from '../engine.ts';
import { type SingleImage, findImage, resolveImage } from '../evidence.ts';
import { DockerCli, type Exec } from './cli.ts';
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
  readonly wholeEngine: Engine;
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
  const folder = await mkdtemp(join(tempFolder, 'sync-action-docker-'));
  onFolder(folder);
  const open = async (role: 'source' | 'target'): Promise<DockerCli> => {
    const credentials = logins[role];
    const config = join(folder, role);
    await createConfig(config, userConfig, Array.from(credentials.keys(), credentialServer));
    const docker = new DockerCli(exec, env, config);
    if (role === 'source') await docker.check();
    for (const [registry, { username, password, origin }] of credentials) {
      await docker.login(registry, username, password, origin);
    }
    return docker;
  };
  try {
    return new DockerEngine(options, folder, await open('source'), await open('target'));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class DockerEngine implements Engine {
  readonly width: number;
  readonly #options: DockerEngineOptions;
  readonly #folder: string;
  readonly #source: DockerCli;
  readonly #target: DockerCli;

  constructor(options: DockerEngineOptions, folder: string, source: DockerCli, target: DockerCli) {
    this.width = options.concurrency;
    this.#options = options;
    this.#folder = folder;
    this.#source = source;
    this.#target = target;
  }

  async copy(task: CopyTask, held: (tag: string, what: Held) => void): Promise<number> {
    const { client, repository, digest } = task.source;
    const image = await resolveImage(client, repository, digest, task.platforms);
    if (image.kind === 'whole') {
      const name = `${client.registry}/${repository}@${digest}`;
      this.#options.logger.info(`${name} has several platforms or is no image: it goes registry to registry`);
      return this.#options.wholeEngine.copy(task, held);
    }
    const { abort } = this.#options;
    abort.throwIfAborted();
    const local = `${client.registry}/${repository}@${image.digest}`;
    const references = [local];
    try {
      const platform = image.platform === undefined ? [] : ['--platform', image.platform];
      await this.#source.run(['pull', '--quiet', ...platform, local]);
      let bytes = 0;
      for (const tag of task.tags) {
        abort.throwIfAborted();
        const remote = `${task.target.client.registry}/${task.target.repository}:${tag}`;
        await this.#target.run(['tag', local, remote]);
        references.push(remote);
        await task.claim(tag);
        abort.throwIfAborted();
        await this.#target.run(['push', '--quiet', remote]);
        bytes = await this.#readBack(task, tag, image, held);
      }
      return bytes;
    } finally {
      await this.#remove(references);
    }
  }

  /** The target says what it holds; docker's own word is not taken. */
  async #readBack(
    { target }: CopyTask,
    tag: string,
    image: SingleImage,
    held: (tag: string, what: Held) => void,
  ): Promise<number> {
    const found = await findImage(target.client, target.repository, tag, image);
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
      await this.#target.run(['image', 'rm', ...references]);
    } catch (error) {
      // Of what was never pulled or tagged there is nothing to remove.
      this.#options.logger.debug(String(error));
    }
  }

  async close(): Promise<void> {
    await this.#options.wholeEngine.close();
    await rm(this.#folder, { recursive: true, force: true }).catch((error: unknown) => {
      this.#options.logger.warning(`${this.#folder} could not be removed: ${String(error)}`);
    });
  }
}

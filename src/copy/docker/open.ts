import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credential } from '../../oci/auth/credentials.ts';
import { credentialServer } from '../../oci/auth/docker-config.ts';
import { messageOf } from '../../oci/errors.ts';
import type { Engine } from '../engine.ts';
import { type Exec, DockerCli } from './cli.ts';
import { createConfig } from './config.ts';
import { type DockerEngineOptions, DockerEngine } from './engine.ts';

/** The accounts to log in with, by registry. Other registries use the logins of the user's docker config. */
export interface Logins {
  readonly source: ReadonlyMap<string, Credential>;
  readonly target: ReadonlyMap<string, Credential>;
}

export interface OpenOptions extends DockerEngineOptions {
  readonly exec: Exec;
  /** The environment of docker: PATH, HOME, DOCKER_HOST and whatever else the user has set. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of the user's docker configuration, which is read and never changed. */
  readonly userConfig: string;
  /** The folder in which temporary folders are created. */
  readonly tempFolder: string;
  readonly logins: Logins;
  /** Called with the folder for the logins before they are written, so that `post` can remove it. */
  readonly onFolder: (folder: string) => void;
}

/**
 * Checks the docker daemon and logs in, with separate configurations for sources and targets.
 *
 * @throws Error with the remedy when docker or its daemon is missing, or a login is refused
 */
export async function openDockerEngine(options: OpenOptions): Promise<Engine> {
  const { exec, env, userConfig, tempFolder, logins, onFolder } = options;
  await new DockerCli(exec, env, userConfig).check();
  const folder = await mkdtemp(join(tempFolder, 'sync-action-docker-'));
  onFolder(folder);
  const open = async (name: string, credentials: ReadonlyMap<string, Credential>): Promise<DockerCli> =>
    openCli(options, join(folder, name), credentials);
  try {
    const opening = [open('source', logins.source), open('target', logins.target)] as const;
    // The folder may be removed only when nothing is written to it any more.
    await Promise.allSettled(opening);
    const [source, target] = await Promise.all(opening);
    const hasFallback = Array.from(source.logins.values()).some(({ fallback }) => fallback);
    const anonymous = hasFallback ? await open('anonymous', new Map()) : undefined;
    return new DockerEngine(options, folder, { source, target, anonymous });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function openCli(
  { exec, env, userConfig, logger }: OpenOptions,
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
      logger.info(`${message}. docker continues without them`);
    }
  }
  return docker;
}

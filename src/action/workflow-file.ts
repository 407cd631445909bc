import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createGitHubClient } from '../github/client.ts';
import { MetadataRepository } from '../github/repository.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { InputError, show } from '../inputs/reader.ts';
import { createDispatcher } from '../oci/http/dispatcher.ts';
import { apiUrl } from './environment.ts';
import { logger } from './logger.ts';

/**
 * The text of a file of the workflow's repository: of the checkout where there is one, else, through the contents API,
 * of the commit that the workflow runs for.
 *
 * @throws InputError or MetadataError with the remedy
 */
export async function readWorkflowFile(path: string, inputs: Inputs): Promise<string> {
  const bytes = (await readCheckout(path)) ?? (await readCommit(path, inputs));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError([`config: ${path} is not UTF-8 text`], { cause: error });
  }
}

/** Undefined when the checkout, should there be one, has no such file. */
async function readCheckout(path: string): Promise<Uint8Array | undefined> {
  const workspace = process.env['GITHUB_WORKSPACE'];
  if (!workspace) return undefined;
  try {
    const [root, file] = await Promise.all([realpath(workspace), realpath(join(workspace, path))]);
    if (!file.startsWith(root + sep))
      throw new InputError([`config: ${show(path)} is a link that leads out of the workspace`]);
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code))) return undefined;
    throw error;
  }
}

const MISSING = new Set(['ENOENT', 'ENOTDIR']);

async function readCommit(path: string, { metadata, httpTimeout, proxy }: Inputs): Promise<Uint8Array> {
  const repository = process.env['GITHUB_REPOSITORY'] ?? '';
  const [owner = '', repo = ''] = repository.split('/');
  const sha = process.env['GITHUB_SHA'];
  const dispatcher = createDispatcher({ timeout: httpTimeout, connections: 1, proxy });
  const octokit = createGitHubClient({
    token: metadata.token,
    apiUrl: apiUrl(),
    dispatcher,
    logger,
  });
  const files = new MetadataRepository({
    octokit,
    owner,
    repo,
    ...(sha && { branch: sha }),
    sleep: async (ms) => delay(ms),
    random: Math.random,
    logger,
  });
  const bytes = await files.read(path);
  await dispatcher.close();
  if (bytes) return bytes;
  throw new InputError([
    `config: ${show(path)} is neither in the workspace nor in ${repository}${sha ? ` at ${sha}` : ''}: check the path`,
  ]);
}

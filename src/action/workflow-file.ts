import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { createDirectClient } from '../github/client.ts';
import { MetadataRepository } from '../github/repository.ts';
import type { FileInput } from '../inputs/input-source.ts';
import type { FileInputs } from '../inputs/load.ts';
import { InputError, show } from '../inputs/reader.ts';
import { createDispatcher } from '../oci/http/dispatcher.ts';
import { apiUrl } from './environment.ts';
import { logger } from './logger.ts';
import { sleep } from './sleep.ts';

/**
 * Reads a file of the workflow's repository: from the checkout, if it has the file, or else, through the contents API,
 * from the commit that the workflow runs for.
 *
 * @throws InputError or MetadataError with the remedy
 */
export async function readWorkflowFile(
  path: string,
  inputs: FileInputs,
  input: FileInput = 'config',
): Promise<string> {
  const bytes = (await readCheckout(path, input)) ?? (await readCommit(path, inputs, input));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError([`${input}: ${path} is not UTF-8 text: save it as UTF-8`], { cause: error });
  }
}

const MISSING = new Set(['ENOENT', 'ENOTDIR']);

/** Undefined when there is no checkout, or it does not have the file. */
async function readCheckout(path: string, input: FileInput): Promise<Uint8Array | undefined> {
  const workspace = process.env['GITHUB_WORKSPACE'];
  if (!workspace) return undefined;
  try {
    const [root, file] = await Promise.all([realpath(workspace), realpath(join(workspace, path))]);
    if (!file.startsWith(root + sep))
      throw new InputError([`${input}: ${show(path)} is a link that leads out of the workspace`]);
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code))) return undefined;
    throw error;
  }
}

/** With the workflow's own token: `github-token` may be one that sees nothing but the metadata repository. */
async function readCommit(
  path: string,
  { metadata, workflowToken, httpTimeout, proxy }: FileInputs,
  input: FileInput,
): Promise<Uint8Array> {
  const repository = process.env['GITHUB_REPOSITORY'] ?? '';
  const [owner = '', repo = ''] = repository.split('/');
  const sha = process.env['GITHUB_SHA'];
  const dispatcher = createDispatcher({ timeout: httpTimeout, connections: 1, proxy });
  const token = workflowToken || metadata.token;
  const files = new MetadataRepository({
    octokit: createDirectClient({ token, apiUrl: apiUrl(), dispatcher, logger }),
    owner,
    repo,
    ...(sha && { branch: sha }),
    sleep,
    random: Math.random,
    logger,
  });
  try {
    const bytes = await files.read(path);
    if (bytes) return bytes;
  } finally {
    await dispatcher.close();
  }
  throw new InputError([
    `${input}: ${show(path)} is neither in the workspace nor in ${repository}${sha ? ` at ${sha}` : ''}: check the path`,
  ]);
}

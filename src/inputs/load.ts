import { type FirstStage, readFirstStage } from './base-inputs.ts';
import type { Config } from './config.ts';
import type { AccountReader } from './credential-inputs.ts';
import { type ListedReference, parseImageList } from './image-list.ts';
import { resolveNames } from './input-names.ts';
import type { FileInput, InputSource } from './input-source.ts';
import type { BaseInputs, Inputs } from './inputs.ts';
import { joinConfig } from './join-config.ts';
import { InputError, InputReader, show } from './reader.ts';
import type { ReadRequest } from './request.ts';

/** What reading a file of the workflow's repository depends on. */
export type FileInputs = Pick<BaseInputs, 'metadata' | 'workflowToken' | 'httpTimeout' | 'proxy'>;

/** Returns the text of a file of the workflow's repository; throws Error with the remedy. */
export type ReadFile = (path: string, inputs: FileInputs, input: FileInput) => Promise<string>;

/**
 * Reads and checks all inputs, and the config file and the list of images if they are named.
 *
 * @throws InputError with all problems at once; those of the inputs come before anything is read
 */
export async function loadInputs(given: InputSource, readFile: ReadFile): Promise<Inputs> {
  const { source, reader } = underRightNames(given);
  // Loaded only where it is needed: with its YAML parser it is a tenth of the bundle.
  const accounts = source.get('registry-auth') === '' ? undefined : await import('./registry-auth.ts');
  const first = readFirstStage(reader, source, accounts);
  const { configPath, registry, request } = first;
  const imagesPath = request ? undefined : first.imagesPath;
  if (configPath === undefined && imagesPath === undefined) return complete(reader, first);
  reader.finish();
  const read = async (path: string | undefined, input: FileInput): Promise<string | undefined> =>
    path === undefined ? undefined : readFile(path, first.base, input);
  const [configText, imagesText] = await Promise.all([
    read(configPath, 'config'),
    read(imagesPath, 'images-file'),
  ]);
  const listed = [...first.listed, ...readImagesFile(reader, imagesText, imagesPath ?? '')];
  const config = await readConfig(reader, configText, async (text) => {
    const { parseConfig } = await import('./config.ts');
    return parseConfig(text, configPath ?? '', { registry, now: source.now });
  });
  return complete(reader, { ...first, listed }, config);
}

function readImagesFile(reader: InputReader, text: string | undefined, path: string): ListedReference[] {
  if (text === undefined) return [];
  const problem = (place: string, what: string): void => reader.problem('images-file', `${place}: ${what}`);
  return parseImageList(text, (line) => `${path}:${line}`, problem);
}

/** @throws InputError with the problems of the list of images too, if the file has any */
async function readConfig(
  reader: InputReader,
  text: string | undefined,
  parse: (text: string) => Promise<Config>,
): Promise<Config | undefined> {
  if (text === undefined) return undefined;
  try {
    return await parse(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    reader.adopt(error);
    reader.finish();
    throw error;
  }
}

/**
 * Reads and checks inputs that name no config file.
 *
 * @param accounts reads the input `registry-auth`; may be absent where that is empty
 * @throws InputError with all problems at once
 */
export function parseInputs(given: InputSource, accounts?: AccountReader): Inputs {
  const { source, reader } = underRightNames(given);
  return complete(reader, readFirstStage(reader, source, accounts));
}

/** The inputs by the names of today, and a reader that has noted misspelt ones. */
function underRightNames(given: InputSource): { source: InputSource; reader: InputReader } {
  const { get, misspelt } = resolveNames(given);
  const reader = new InputReader(get);
  for (const { name, nearest } of misspelt)
    reader.problem(show(name), `is not an input of this action: did you mean "${nearest}"?`);
  return { source: { ...given, get }, reader };
}

function complete(reader: InputReader, first: FirstStage, config?: Config): Inputs {
  const { request } = first;
  if (request) return completeRequest(reader, first, request, config);
  const inputs = joinConfig(reader, first, config);
  reader.finish();
  return inputs;
}

/** Mistakes that come of what the issue asks for are answered there: the run has to go on until then. */
function completeRequest(
  reader: InputReader,
  first: FirstStage,
  { listed: _listed, ...request }: ReadRequest,
  config?: Config,
): Inputs {
  reader.finish();
  const own = reader.fresh();
  const inputs = joinConfig(own, first, config);
  const problems = request.problems.length > 0 ? request.problems : own.problems();
  const isWrong = problems.length > 0;
  return { ...inputs, namespaces: isWrong ? [] : inputs.namespaces, request: { ...request, problems } };
}

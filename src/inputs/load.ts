import { type FirstStage, readFirstStage } from './base-inputs.ts';
import type { AccountReader } from './credential-inputs.ts';
import { type ListLine, parseImageList } from './image-list.ts';
import type { InputSource } from './input-source.ts';
import type { BaseInputs, Inputs } from './inputs.ts';
import { type InputFiles, joinConfig } from './join-config.ts';
import { InputReader, show } from './reader.ts';

/** What reading a file of the workflow's repository depends on. */
export type FileInputs = Pick<BaseInputs, 'metadata' | 'workflowToken' | 'httpTimeout' | 'proxy'>;

/** Returns the text of a file of the workflow's repository; throws Error that names the input, with the remedy. */
export type ReadFile = (path: string, inputs: FileInputs, input: 'config' | 'images-file') => Promise<string>;

/**
 * Reads and checks all inputs, and the files that they name.
 *
 * @throws InputError with all problems at once; those of the inputs come before anything is read
 */
export async function loadInputs(source: InputSource, readFile: ReadFile): Promise<Inputs> {
  // Loaded only where it is needed: with its YAML parser it is a tenth of the bundle.
  const accounts = source.get('registry-auth') === '' ? undefined : await import('./registry-auth.ts');
  const reader = new InputReader(source.get);
  const first = readFirstStage(reader, source, accounts);
  const { base, configPath, imagesPath, registry } = first;
  if (configPath === undefined && imagesPath === undefined) return complete(reader, first);
  reader.finish();
  const [text, list] = await Promise.all([
    configPath === undefined ? undefined : readFile(configPath, base, 'config'),
    imagesPath === undefined ? undefined : readFile(imagesPath, base, 'images-file'),
  ]);
  const lines = list === undefined ? [] : readImagesFile(reader, list, imagesPath ?? '');
  if (text === undefined) return complete(reader, first, { lines });
  const { parseConfig } = await import('./config.ts');
  const config = parseConfig(text, configPath ?? '', { registry, now: source.now });
  return complete(reader, first, { config, lines });
}

/** The lines of a list of images. A file without any is a mistake: nothing would be mirrored. */
function readImagesFile(reader: InputReader, text: string, path: string): ListLine[] {
  let isWrong = false;
  const lines = parseImageList(text, (line, what) => {
    isWrong = true;
    reader.problem('images-file', `${show(path)}, line ${line}: ${what}`);
  });
  if (lines.length === 0 && !isWrong) reader.problem('images-file', `${show(path)} names no image`);
  return lines;
}

/**
 * Reads and checks inputs that name no files.
 *
 * @param accounts reads the input `registry-auth`; may be absent where that is empty
 * @throws InputError with all problems at once
 */
export function parseInputs(source: InputSource, accounts?: AccountReader): Inputs {
  const reader = new InputReader(source.get);
  return complete(reader, readFirstStage(reader, source, accounts));
}

function complete(reader: InputReader, first: FirstStage, files?: InputFiles): Inputs {
  const inputs = joinConfig(reader, first, files);
  reader.finish();
  return inputs;
}

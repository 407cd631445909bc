import { isRepositoryPath } from '../mirror/record-path.ts';
import type { InputSource } from './input-source.ts';
import { type Inputs, defaultRegistry, parseInputs } from './inputs.ts';
import { InputError, show } from './reader.ts';

/** Reads a file of the workflow's repository as the inputs say, but for what the file itself says; throws Error with the remedy. */
export type ReadFile = (path: string, inputs: Inputs) => Promise<string>;

/**
 * Reads and checks all inputs, and the config file where one is named.
 *
 * @throws InputError with all problems at once; those of the inputs before anything is read
 */
export async function loadInputs(source: InputSource, readFile: ReadFile): Promise<Inputs> {
  const path = source.get('config');
  // Loaded when it is needed: with its YAML it is a tenth of the bundle.
  const accounts = source.get('registry-auth') === '' ? undefined : await import('./registry-auth.ts');
  if (path === '') return parseInputs(source, undefined, accounts);
  const inputs = parseInputs(source, 'unread', accounts);
  if (!isRepositoryPath(path)) {
    throw new InputError([
      `config: ${show(path)} is not a path inside the repository, such as .github/mirror.yml`,
    ]);
  }
  const text = await readFile(path, inputs);
  const { parseConfig } = await import('./config.ts');
  const config = parseConfig(text, path, {
    registry: defaultRegistry(source.get),
    now: source.now,
  });
  return parseInputs(source, config, accounts);
}

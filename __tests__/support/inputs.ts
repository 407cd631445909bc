import { type InputSource, type Inputs, parseInputs } from '../../src/inputs/inputs.ts';
import { loadInputs } from '../../src/inputs/load.ts';
import * as registryAuth from '../../src/inputs/registry-auth.ts';
import { readAction } from './runner.ts';

const action = await readAction();

/** 2026-11-25 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 25, 12);

const GIVEN = {
  namespaces: 'gcr.io/distroless',
  target: 'docker.io/gcrxio',
  'metadata-repository': 'octo/meta',
  'github-token': 'token',
};

/** What inputs are read in. */
export interface InputContext {
  readonly eventName?: string;
  readonly event?: unknown;
  readonly env?: Record<string, string>;
  /** Told the name of each input that is read. */
  readonly asked?: Set<string>;
  readonly masked?: string[];
}

/** The inputs of a workflow that gives `given`, with what is required, and with action.yml's defaults for the rest. */
export function parseTestInputs(given: Record<string, string>, context: InputContext = {}): Inputs {
  return parseInputs(sourceOf({ ...GIVEN, ...given }, context), undefined, registryAuth);
}

/** The inputs of a workflow that names a config file with the text `file`. */
export async function loadTestInputs(
  given: Record<string, string>,
  file: string,
  context: InputContext = {},
): Promise<Inputs> {
  const { 'metadata-repository': repository, 'github-token': token } = GIVEN;
  const values = { 'metadata-repository': repository, 'github-token': token, config: 'mirror.yml', ...given };
  return loadInputs(sourceOf(values, context), async () => file);
}

function sourceOf(
  values: Readonly<Record<string, string>>,
  { eventName = 'schedule', event, env = {}, asked, masked }: InputContext,
): InputSource {
  return {
    get: (name) => {
      asked?.add(name);
      return values[name] ?? action.inputs[name]?.default ?? '';
    },
    eventName,
    event,
    env,
    now: NOW,
    mask: (secret) => masked?.push(secret),
  };
}

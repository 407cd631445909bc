import { type Inputs, parseInputs } from '../../src/inputs/inputs.ts';
import { readAction } from './runner.ts';

const action = await readAction();

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
export function parseTestInputs(
  given: Record<string, string>,
  { eventName = 'schedule', event, env = {}, asked, masked }: InputContext = {},
): Inputs {
  const values: Record<string, string> = { ...GIVEN, ...given };
  return parseInputs({
    get: (name) => {
      asked?.add(name);
      return values[name] ?? action.inputs[name]?.default ?? '';
    },
    eventName,
    event,
    env,
    mask: (secret) => masked?.push(secret),
  });
}

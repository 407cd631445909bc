import type { Credential } from '../oci/auth/credentials.ts';
import type { InputSource } from './input-source.ts';
import { maskable } from './maskable.ts';
import type { InputReader } from './reader.ts';
import type * as RegistryAuth from './registry-auth.ts';

/** Reads the input `registry-auth`. */
export type AccountReader = Pick<typeof RegistryAuth, 'maskRegistryAuth' | 'readRegistryAuth'>;

const SECRETS = ['password', 'source-password', 'github-token', 'workflow-token'] as const;

/** Registers all secrets of the inputs with the log. To be called before anything else is read. */
export function maskSecrets({ get, mask }: InputSource, accounts: AccountReader | undefined): void {
  for (const name of SECRETS) for (const secret of maskable(get(name))) mask(secret);
  accounts?.maskRegistryAuth(get('registry-auth'), mask);
}

/**
 * Reads a user name and its password.
 *
 * @param dryRun if true, one without the other means no credential: a pull request from a fork has no secrets
 */
export function readCredential(
  reader: InputReader,
  userInput: string,
  passwordInput: string,
  dryRun: boolean,
): Credential | undefined {
  const username = reader.text(userInput);
  const password = reader.text(passwordInput);
  if (username === '' && password === '') return undefined;
  if (dryRun && (username === '' || password === '')) return undefined;
  if (username === '') reader.problem(userInput, `is required when ${passwordInput} is set`);
  if (password === '')
    reader.problem(passwordInput, `is required when ${userInput} is set: check that the secret exists`);
  return { username, password, providedBy: `the inputs ${userInput} and ${passwordInput}` };
}

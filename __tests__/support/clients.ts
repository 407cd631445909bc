import type { Octokit } from 'octokit';
import type { Dispatcher } from 'undici';
import { silentLogger } from './silent-logger.ts';
import type { RegistryClient } from '../../src/oci/client.ts';
import type { CredentialLookup } from '../../src/oci/credentials.ts';
import { createDispatcher } from '../../src/oci/dispatcher.ts';
import type { Sleep } from '../../src/oci/host-gate.ts';
import { Registries } from '../../src/oci/registries.ts';
import type { SourceApis } from '../../src/source/choose.ts';

const anonymous: CredentialLookup = async () => undefined;

/** Clients as a run has them, but without waiting between tries. */
export function testRegistries(
  options: {
    readonly retries?: number;
    readonly credentials?: CredentialLookup;
    readonly dispatcher?: Dispatcher;
    /** Milliseconds. */
    readonly timeout?: number;
    /** With a clock that it moves. */
    readonly sleep?: Sleep;
    readonly clock?: () => number;
  } = {},
): Registries {
  const credentials = options.credentials ?? anonymous;
  return new Registries({
    dispatcher:
      options.dispatcher ??
      createDispatcher({ timeout: options.timeout ?? 5000, connections: 50, proxy: {} }),
    concurrency: 50,
    retries: options.retries ?? 3,
    insecure: new Set(),
    credentials: { source: credentials, target: credentials },
    sleep: options.sleep ?? (async () => {}),
    clock: options.clock ?? Date.now,
    random: () => 0.5,
    mask: () => {},
    logger: silentLogger,
  });
}

export function testClient(host: string): RegistryClient {
  return testRegistries().source(host);
}

/** The APIs of well-known hosts, all at `url`. */
export function testApis(url = 'http://127.0.0.1:1', github?: Octokit): SourceApis {
  const api = testRegistries().api(new URL(url));
  return { dockerHub: api, quay: api, github };
}

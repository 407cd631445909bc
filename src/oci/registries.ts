import type { Dispatcher } from 'undici';
import type { CredentialLookup } from './auth/credentials.ts';
import { RenewableCredential } from './auth/renewable-credential.ts';
import { RegistryClient } from './client.ts';
import { HostLimiter, HostLimiters } from './http/host-limiter.ts';
import { RegistryTransport } from './http/transport.ts';
import type { Logger } from './logger.ts';
import { apiHost, isLoopback } from './names.ts';
import type { Sleep } from './sleep.ts';

export interface RegistriesOptions {
  readonly dispatcher: Dispatcher;
  /** The number of concurrent requests to one host. */
  readonly concurrency: number;
  /** Registries whose hosts take another number of concurrent requests. */
  readonly exceptions?: { readonly registries: ReadonlySet<string>; readonly concurrency: number };
  readonly retries: number;
  /** Hosts that are reached over plain HTTP, besides loopback. */
  readonly insecure: ReadonlySet<string>;
  /** Private hosts that registries may redirect to, or name as token service. */
  readonly trustedHosts?: ReadonlySet<string>;
  readonly credentials: { readonly source: CredentialLookup; readonly target: CredentialLookup };
  readonly sleep: Sleep;
  readonly clock: () => number;
  readonly random: () => number;
  readonly mask: (secret: string) => void;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

/**
 * The clients of a run, one for each registry and role: a registry that is both source and target may have two accounts.
 * Both roles share the limiter of their host.
 */
export class Registries {
  readonly #options: RegistriesOptions;
  readonly #clients = new Map<string, RegistryClient>();
  readonly #limiters: HostLimiters;

  constructor(options: RegistriesOptions) {
    this.#options = options;
    const { concurrency, exceptions, sleep, clock } = options;
    const exceptional = new Set(
      Array.from(exceptions?.registries ?? [], (registry) => this.#urlOf(registry).host),
    );
    this.#limiters = new HostLimiters((host) => {
      const most = exceptions && exceptional.has(host) ? exceptions.concurrency : concurrency;
      return new HostLimiter(most, sleep, clock);
    });
  }

  source(registry: string): RegistryClient {
    return this.#client(registry, 'source');
  }

  target(registry: string): RegistryClient {
    return this.#client(registry, 'target');
  }

  /**
   * Another API of a registry, such as Docker Hub's at `https://hub.docker.com`. Its requests pass their host's limiter and
   * carry no credentials: those belong to the registry itself.
   */
  api(baseUrl: URL): RegistryTransport {
    const { credentials: _credentials, insecure: _insecure, ...options } = this.#options;
    return new RegistryTransport({
      ...options,
      baseUrl,
      limiters: this.#limiters,
      credential: async () => undefined,
    });
  }

  #client(registry: string, role: 'source' | 'target'): RegistryClient {
    const key = `${role} ${registry}`;
    let client = this.#clients.get(key);
    if (!client) {
      client = this.#create(registry, role);
      this.#clients.set(key, client);
    }
    return client;
  }

  #create(registry: string, role: 'source' | 'target'): RegistryClient {
    const { credentials, insecure: _insecure, ...options } = this.#options;
    const lookup = credentials[role];
    const credential = new RenewableCredential(registry, lookup, options.clock);
    const transport = new RegistryTransport({
      ...options,
      baseUrl: this.#urlOf(registry),
      limiters: this.#limiters,
      credential: async (repository) => credential.get(repository),
      renewCredential: async (refused, repository) => credential.renew(refused, repository),
    });
    return new RegistryClient(registry, transport);
  }

  #urlOf(registry: string): URL {
    const scheme = isLoopback(registry) || this.#options.insecure.has(registry) ? 'http' : 'https';
    return new URL(`${scheme}://${apiHost(registry)}`);
  }
}

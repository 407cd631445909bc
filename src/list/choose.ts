import type { Octokit } from 'octokit';
import type { Namespace } from '../mirror/namespace.ts';
import type { RegistryClient } from '../oci/client.ts';
import type { RegistryTransport } from '../oci/http/transport.ts';
import { listCatalog } from './catalog.ts';
import { dockerHubSource } from './dockerhub.ts';
import { ghcrSource } from './ghcr.ts';
import { quaySource } from './quay.ts';
import { type Source, listByTags } from './source.ts';

/** APIs of well-known hosts that list repositories, besides the registry API. */
export interface SourceApis {
  /** `https://hub.docker.com` */
  readonly dockerHub: RegistryTransport;
  /** `https://quay.io` */
  readonly quay: RegistryTransport;
  /** `https://api.github.com`; absent on GitHub Enterprise, whose API has no packages of ghcr.io. */
  readonly github: Octokit | undefined;
}

/**
 * How to list `namespace`: by the host's own API if it has one, otherwise by the registry API.
 *
 * @throws Error with the remedy when a well-known host has no such namespace
 */
export function chooseSource(namespace: Namespace, client: RegistryClient, apis: SourceApis): Source {
  switch (namespace.registry) {
    case 'docker.io':
      return dockerHubSource(namespace, client, apis.dockerHub);
    case 'quay.io':
      return quaySource(namespace, client, apis.quay);
    case 'ghcr.io':
      return ghcrSource(namespace, client, apis.github);
    default:
      return {
        kind: 'either',
        listTags: async (repository) => listByTags(client, repository),
        listRepositories: async () => listCatalog(client),
      };
  }
}

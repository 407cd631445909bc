import { sendJson } from '../../network/http.ts';
import type { RegistryAuth } from '../memory-auth.ts';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** Docker Hub, with its limits and two-part names. */
export interface DockerHub extends MemoryRegistry {
  /** Number of pulls that are left. */
  pulls: number;
  /** Number of requests that its abuse limit will refuse. */
  busy: number;
  /** True: the account may not push. */
  denied: boolean;
}

const NAME = /^[^/]+\/[^/]+$/;

export async function startDockerHub(auth: RegistryAuth & { readonly kind: 'token' }): Promise<DockerHub> {
  const registry = await startMemoryRegistry({ auth });
  const hub: DockerHub = Object.assign(registry, { pulls: 100, busy: 0, denied: false });
  hub.intercept = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', hub.url);
    if (hub.busy > 0) {
      hub.busy -= 1;
      response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '60' });
      response.end('Too Many Requests (HAP429).\n');
      return true;
    }
    const scoped = searchParams.getAll('scope').map((scope) => scope.split(':')[1] ?? '');
    if (pathname === '/token' && !scoped.every((name) => NAME.test(name))) {
      sendJson(response, 400, { details: 'invalid repository name' });
      return true;
    }
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname)?.[1] ?? 'no/name';
    if (!NAME.test(name)) {
      refuse(response, 400, 'NAME_INVALID', 'invalid repository name');
      return true;
    }
    const pushing = request.method !== 'GET' && request.method !== 'HEAD';
    if (hub.denied && pushing && request.headers.authorization !== undefined) {
      refuse(response, 401, 'UNAUTHORIZED', 'requested access to the resource is denied');
      return true;
    }
    if (pathname.includes('/manifests/') && !pushing) {
      if (request.method === 'GET') hub.pulls -= 1;
      response.setHeader('ratelimit-limit', '100;w=21600');
      response.setHeader('ratelimit-remaining', `${hub.pulls};w=21600`);
    }
    return false;
  };
  return hub;
}

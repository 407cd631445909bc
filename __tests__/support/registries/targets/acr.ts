import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAll, sendJson } from '../../network/http.ts';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** Azure Container Registry, which limits the size of a request. */
export interface Acr extends MemoryRegistry {
  /** Number of chunks that it will lose, together with their upload. */
  broken: number;
  /** True: closes the connection on a request that is too large. False: reads it to its end, as nginx does. */
  abrupt: boolean;
  /** True: images are locked and can't be pushed to. */
  locked: boolean;
  /** The scopes for which access tokens were issued. */
  readonly granted: string[];
}

const MOST = 20_000_000;

/** @param refreshToken the only one that its token service accepts, by POST; Basic credentials are refused */
export async function startAcr(refreshToken: string): Promise<Acr> {
  const registry = await startMemoryRegistry();
  const acr: Acr = Object.assign(registry, { broken: 0, abrupt: false, locked: false, granted: [] });
  acr.intercept = async (request, response) => {
    const { method = '', url = '', headers } = request;
    if (url.startsWith('/oauth2/token')) return exchange(acr, refreshToken, request, response);
    if (headers.authorization !== 'Bearer access-token') {
      const challenge = `Bearer realm="${acr.url}/oauth2/token",service="${acr.host}"`;
      const message = 'authentication required, visit https://aka.ms/acr/authorization for more information.';
      const errors = [{ code: 'UNAUTHORIZED', message, detail: null }];
      sendJson(response, 401, { errors }, { 'www-authenticate': challenge });
      return true;
    }
    if (method === 'GET' || method === 'HEAD') return false;
    if (headers['content-length'] === undefined || headers['transfer-encoding'] !== undefined) {
      response.writeHead(400).end();
      return true;
    }
    if (Number(headers['content-length']) > MOST) {
      if (acr.abrupt) request.socket.destroy();
      else request.resume();
      // Answered at once, before the body has arrived.
      const page =
        '<html><head><title>413 Request Entity Too Large - AzureContainerRegistry</title></head></html>';
      response.writeHead(413, { 'content-type': 'text/html' }).end(page);
      return true;
    }
    if (method === 'PATCH' && acr.broken > 0) {
      acr.broken -= 1;
      request.resume();
      refuse(response, 416, 'RANGE_INVALID', 'invalid content range');
      return true;
    }
    if (acr.locked && method === 'PUT' && url.includes('/manifests/')) {
      request.resume();
      const message =
        'The operation is disallowed on this registry, repository or image. View troubleshooting steps at ' +
        'https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation';
      refuse(response, 405, 'REGISTRY_DISALLOWED_OPERATION', message);
      return true;
    }
    return false;
  };
  return acr;
}

/** https://azure.github.io/acr/AAD-OAuth.html */
async function exchange(
  acr: Acr,
  refreshToken: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<true> {
  const form = new URLSearchParams((await readAll(request)).toString());
  const isRight =
    request.method === 'POST' &&
    form.get('grant_type') === 'refresh_token' &&
    form.get('service') === acr.host &&
    form.get('refresh_token') === refreshToken;
  if (!isRight) {
    refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    return true;
  }
  acr.granted.push(form.get('scope') ?? '');
  sendJson(response, 200, { access_token: 'access-token' });
  return true;
}

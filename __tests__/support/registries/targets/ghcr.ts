import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** GitHub's container registry, with its denials and limits. */
export interface Ghcr extends MemoryRegistry {
  /** The message with which it denies pushes; empty: it denies none. */
  denial: string;
  /** The limits with which it will refuse manifests, one each. */
  limited: ('secondary' | 'requests')[];
}

/** Maximum size of a chunk. */
const MOST = 4 * 1024 ** 2;

const SECONDARY =
  'permission_denied: Error from intermediary with HTTP status code 403 "Forbidden" - with-body: {\n  "message": "You ' +
  'have exceeded a secondary rate limit. Please wait a few minutes before you try again."';

export async function startGhcr(): Promise<Ghcr> {
  const registry = await startMemoryRegistry();
  const ghcr: Ghcr = Object.assign(registry, { denial: '', limited: [] });
  let referrers = 0;
  ghcr.intercept = (request, response) => {
    const { method, url = '', headers } = request;
    if (url.includes('/referrers/')) {
      // In turn: a redirect to a web page, plain text, and a limit.
      referrers += 1;
      if (referrers % 3 === 1) response.writeHead(303, { location: '/login' }).end();
      else response.writeHead(referrers % 3 === 2 ? 404 : 429, { 'content-type': 'text/plain' }).end('no');
      return true;
    }
    if (headers['content-range'] !== undefined && Number(headers['content-length']) > MOST) {
      const message = 'the request body is too large and exceeds the maximum permissible limit of 4.00MiB';
      refuse(response, 416, 'REQUESTED_RANGE_NOT_SATISFIABLE', message);
      return true;
    }
    if (method === 'POST' && ghcr.denial !== '') {
      refuse(response, 403, 'DENIED', ghcr.denial);
      return true;
    }
    const limit = method === 'PUT' && url.includes('/manifests/') ? ghcr.limited.shift() : undefined;
    if (limit === 'secondary') refuse(response, 403, 'DENIED', SECONDARY);
    if (limit === 'requests')
      refuse(response, 429, 'TOOMANYREQUESTS', 'retry-after: 10.305464ms, allowed: 2000/minute');
    return limit !== undefined;
  };
  return ghcr;
}

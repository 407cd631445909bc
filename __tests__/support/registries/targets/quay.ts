import { sendJson } from '../../network/http.ts';
import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** Why pushes are refused. */
export type QuayRefusal = 'unauthorized' | 'quota' | 'read-only' | 'disabled' | 'immutable';

const REFUSALS: Readonly<Record<QuayRefusal, readonly [status: number, code: string, message: string]>> = {
  unauthorized: [401, 'UNAUTHORIZED', 'access to the requested resource is not authorized'],
  quota: [403, 'DENIED', 'Quota has been exceed on namespace'],
  'read-only': [
    405,
    'DENIED',
    'System is currently read-only. Pulls will succeed but all write operations are currently suspended.',
  ],
  disabled: [
    405,
    'METHOD NOT ALLOWED',
    'Pushes to the registry are currently disabled. Please contact the administrator for more information.',
  ],
  immutable: [409, 'TAG_IMMUTABLE', 'tag is immutable and cannot be overwritten'],
};

/** Quay, with its refusals and two-part names. */
export interface Quay extends MemoryRegistry {
  refusal: QuayRefusal | undefined;
}

export async function startQuay(): Promise<Quay> {
  const registry = await startMemoryRegistry({ auth: { kind: 'token', username: 'robot', password: 'p' } });
  const quay: Quay = Object.assign(registry, { refusal: undefined });
  quay.intercept = (request, response) => {
    const { method = '' } = request;
    const { pathname, searchParams } = new URL(request.url ?? '', quay.url);
    if (pathname === '/token' && searchParams.getAll('scope').some((scope) => /\bdelete\b/.test(scope))) {
      sendJson(response, 200, {});
      return true;
    }
    if (request.headers.authorization === undefined) return false;
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname)?.[1] ?? 'no/name';
    if (!/^[^/]+\/[^/]+$/.test(name)) {
      refuse(response, 400, 'NAME_INVALID', 'invalid repository name');
      return true;
    }
    if (method === 'POST' && searchParams.has('mount') && !searchParams.has('from')) {
      refuse(response, 400, 'INVALID_REQUEST', 'Missing `from` repository argument');
      return true;
    }
    const asked =
      quay.refusal === 'immutable' ? pathname.includes('/manifests/') && method === 'PUT' : method === 'POST';
    if (quay.refusal === undefined || !asked) return false;
    request.resume();
    refuse(response, ...REFUSALS[quay.refusal]);
    return true;
  };
  return quay;
}

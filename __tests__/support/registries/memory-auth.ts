import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../network/http.ts';

/** How a registry authenticates its clients. Without a username its token service issues anonymous tokens for pulls. */
export type RegistryAuth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'token';
      readonly username?: string;
      readonly password?: string;
      /** Anonymous clients may pull as well. */
      readonly open?: boolean;
      readonly expiresIn?: number;
      /** Answers 401 without a challenge anywhere but at `/v2/`, as gcr.io may. */
      readonly shy?: boolean;
    };

interface Grant {
  readonly scopes: readonly string[];
  readonly until: number;
}

/** Authenticates requests by Basic, or by tokens that it issues itself at `/token`. */
export class TokenAuth {
  readonly #auth: RegistryAuth;
  readonly #grants = new Map<string, Grant>();

  constructor(auth: RegistryAuth) {
    this.#auth = auth;
  }

  /** True when the request is authorized; otherwise it has been answered. */
  admit(request: IncomingMessage, response: ServerResponse, url: string, realm = `${url}/token`): boolean {
    const target = new URL(request.url ?? '/', url);
    if (this.#auth.kind === 'basic') {
      if (this.#isKnown(request)) return true;
      unauthorized(response, 'Basic realm="test"');
      return false;
    }
    if (target.pathname === '/token') {
      this.#issue(request, response, target);
      return false;
    }
    if (this.#isGranted(request, target)) return true;
    const silent = this.#auth.shy === true && target.pathname !== '/v2/';
    unauthorized(response, silent ? undefined : `Bearer realm="${realm}",service="test"`);
    return false;
  }

  #isKnown(request: IncomingMessage): boolean {
    const { username = '', password = '' } = this.#auth;
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return request.headers.authorization === expected;
  }

  #issue(request: IncomingMessage, response: ServerResponse, target: URL): void {
    if (this.#auth.kind !== 'token') return;
    const known = this.#isKnown(request);
    const isOpen = this.#auth.username === undefined || this.#auth.open === true;
    if (!known && (!isOpen || request.headers.authorization !== undefined)) {
      sendJson(response, 401, {
        errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }],
      });
      return;
    }
    const token = randomUUID();
    const lifetime = this.#auth.expiresIn ?? 300;
    const scopes = target.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    this.#grants.set(token, {
      scopes: known ? scopes : scopes.map((scope) => scope.replace(/:[^:]*$/, ':pull')),
      until: Date.now() + lifetime * 1000,
    });
    sendJson(response, 200, { token, expires_in: lifetime });
  }

  #isGranted(request: IncomingMessage, { pathname, searchParams }: URL): boolean {
    const grant = this.#grants.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!grant || grant.until < Date.now()) return false;
    const repository = /^\/v2\/(.+)\/(?:tags|manifests|blobs)\//.exec(pathname)?.[1];
    if (repository === undefined) return true;
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
    const from = searchParams.get('from');
    const allows = (name: string, wanted: string): boolean =>
      grant.scopes.some((scope) => {
        const [type, scoped, actions = ''] = scope.split(':');
        return type === 'repository' && scoped === name && actions.split(',').includes(wanted);
      });
    return allows(repository, action) && (from === null || allows(from, 'pull'));
  }
}

function unauthorized(response: ServerResponse, challenge: string | undefined): void {
  const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
  sendJson(
    response,
    401,
    { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
    headers,
  );
}

/**
 * A client of a few lines that shares nothing with src/, so that what it sees of a registry is not what the action takes
 * it for. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export interface Account {
  readonly username: string;
  readonly password: string;
}

export interface Registry {
  /** `https://registry-1.docker.io` */
  readonly url: string;
  readonly account?: Account;
}

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const TIMEOUT_MS = 30_000;

/** A request to a repository, with a token for pulling it if the registry wants one. */
export async function requestRepository(
  { url, account }: Registry,
  repository: string,
  path: string,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Response> {
  const send = async (authorization?: string): Promise<Response> =>
    fetch(`${url}/v2/${repository}/${path}`, {
      method,
      headers: { accept: ACCEPT, ...(authorization !== undefined && { authorization }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  const response = await send();
  if (response.status !== 401) return response;
  await response.body?.cancel();
  const challenge = response.headers.get('www-authenticate') ?? (await challengeOf(url));
  return send(await authorizationFor(challenge, repository, account));
}

/** The challenge of `/v2/`; empty where it has none. */
export async function challengeOf(url: string): Promise<string> {
  const response = await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.body?.cancel();
  return response.headers.get('www-authenticate') ?? '';
}

/** https://distribution.github.io/distribution/spec/auth/token/ */
async function authorizationFor(challenge: string, repository: string, account?: Account): Promise<string> {
  const basic =
    account && `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
  if (/^basic\b/i.test(challenge)) return basic ?? '';
  const parameters = new Map(
    Array.from(challenge.matchAll(/(\w+)="([^"]*)"/g), ([, key = '', value = '']) => [key, value] as const),
  );
  const realm = new URL(parameters.get('realm') ?? '');
  realm.searchParams.set('service', parameters.get('service') ?? '');
  realm.searchParams.set('scope', `repository:${repository}:pull`);
  const response = await fetch(realm, {
    headers: basic === undefined ? {} : { authorization: basic },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const fields = new Map<string, unknown>(Object.entries((await response.json()) ?? {}));
  const token = fields.get('token') ?? fields.get('access_token');
  if (typeof token !== 'string') throw new Error(`${realm.host} issued no token: ${response.status}`);
  return `Bearer ${token}`;
}

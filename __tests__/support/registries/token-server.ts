import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { type TestServer, sendJson, startServer } from '../network/http.ts';

/** A key and a self-signed certificate, as files and as text. */
export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
  remove(): void;
}

/** @param names the DNS names that the certificate is for */
export async function makeCertificate(...names: readonly string[]): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const { private: key, cert } = await generate([{ name: 'commonName', value: names[0] }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: names.map((name) => ({ type: 2, value: name })) },
    ],
  });
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
  return { keyFile, certFile, key, cert, remove: () => rmSync(folder, { recursive: true }) };
}

export interface TokenServer extends TestServer {
  /** The section `auth` of a docker-registry's config.yml. */
  readonly auth: Readonly<Record<string, unknown>>;
  /** The scopes of each token that was issued. */
  readonly granted: string[][];
}

/**
 * A token service whose tokens docker-registry verifies: anonymous clients may pull, the account may push.
 * https://distribution.github.io/distribution/spec/auth/jwt/
 */
export async function startTokenServer(
  certificate: Certificate,
  account: { readonly username: string; readonly password: string },
  lifetime = 300,
): Promise<TokenServer> {
  const granted: string[][] = [];
  const basic = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
  const server = await startServer(async (request, response) => {
    const { authorization } = request.headers;
    if (authorization !== undefined && authorization !== basic)
      return sendJson(response, 401, { details: 'wrong password' });
    const { searchParams } = new URL(request.url ?? '/', server.url);
    const scopes = searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    granted.push(scopes);
    const access = scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(/:(?=[^:]*$)|(?<=^[^:]*):/);
      const allowed = actions.split(',').filter((action) => action === 'pull' || authorization !== undefined);
      return { type, name, actions: allowed };
    });
    const token = signToken(certificate, { service: searchParams.get('service') ?? '', access, lifetime });
    return sendJson(response, 200, { token, expires_in: lifetime });
  });
  const auth = {
    token: {
      realm: `${server.url}/token`,
      service: 'test',
      issuer: 'test',
      rootcertbundle: certificate.certFile,
    },
  };
  return { ...server, auth, granted };
}

function signToken(
  { key, cert }: Certificate,
  { service, access, lifetime }: { service: string; access: unknown; lifetime: number },
): string {
  const now = Math.floor(Date.now() / 1000);
  const x5c = [cert.replaceAll(/-----[A-Z ]+-----|\s/g, '')];
  const claims = {
    iss: 'test',
    sub: '',
    aud: service,
    exp: now + lifetime,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const parts = [{ typ: 'JWT', alg: 'RS256', x5c }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = sign('sha256', Buffer.from(parts.join('.')), createPrivateKey(key));
  return [...parts, signature.toString('base64url')].join('.');
}

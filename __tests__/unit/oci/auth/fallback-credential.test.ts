import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { makeImage, pushImage } from '../../../support/fixtures/images.ts';
import { sendJson } from '../../../support/network/http.ts';
import {
  type MemoryRegistry,
  refuse,
  startMemoryRegistry,
} from '../../../support/registries/memory-registry.ts';

/** A credential that the user did not configure for a registry, such as GitHub's token at ghcr.io, must not prevent anonymous access. */

const TOKEN = 'ghs_secret-token-0123456789';
const IMAGE = makeImage({ seed: 'public' });

/** Where the registry accepts the credential. Its repositories are `private/…` and `public/…`. */
let takes: {
  /** The token service. */
  tokens: boolean;
  /** The registry, for a token of the token service. */
  reading: 'all' | 'public' | 'none';
};
let registry: MemoryRegistry;

beforeEach(async () => {
  takes = { tokens: true, reading: 'all' };
  registry = await startMemoryRegistry();
  await pushImage(registry.url, 'public/a', ['v1', 'v2'], IMAGE);
  await pushImage(registry.url, 'private/b', ['v1'], IMAGE);
  registry.requests.length = 0;
  registry.intercept = (request, response) => {
    const url = new URL(request.url ?? '', registry.url);
    const repository = /^\/v2\/(\w+\/\w+)\//.exec(url.pathname)?.[1] ?? '';
    if (url.pathname === '/token') {
      const known = request.headers.authorization !== undefined;
      const isPublic = url.searchParams
        .getAll('scope')
        .every((scope) => /^repository:public\/.*:pull$/.test(scope));
      if (known ? takes.tokens : isPublic) sendJson(response, 200, { token: known ? 'known' : 'anonymous' });
      // As ghcr.io words it.
      else if (known) refuse(response, 403, 'DENIED', 'denied');
      else refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
      return true;
    }
    const who = callerOf(request);
    if (who === 'none') {
      const challenge = `Bearer realm="${registry.url}/token",service="ghcr.io"`;
      sendJson(
        response,
        401,
        { errors: [{ code: 'UNAUTHORIZED', message: '' }] },
        { 'www-authenticate': challenge },
      );
      return true;
    }
    const isPublic = repository.startsWith('public/');
    const may =
      who === 'anonymous' ? isPublic : takes.reading === 'all' || (takes.reading === 'public' && isPublic);
    if (!may)
      refuse(
        response,
        403,
        'DENIED',
        'permission_denied: The token provided does not match expected scopes.',
      );
    return !may;
  };
});
afterEach(async () => registry.close());

function callerOf({ headers }: IncomingMessage): 'known' | 'anonymous' | 'none' {
  if (headers.authorization === 'Bearer known') return 'known';
  return headers.authorization === 'Bearer anonymous' ? 'anonymous' : 'none';
}

function client(fallback = true): RegistryClient {
  const given = { username: 'octo', password: TOKEN, providedBy: 'the input github-token' };
  const credential: Credential = fallback ? { ...given, fallback } : given;
  return testRegistries({ credentials: async () => credential, retries: 0 }).source(registry.host);
}

function tokenRequests(): (string | undefined)[] {
  return registry.requests.flatMap(({ path, authorization }) =>
    path.startsWith('/token') ? [authorization && 'known'] : [],
  );
}

describe('a fallback credential', () => {
  it('is used when the registry accepts it', async () => {
    const mine = client();
    expect((await mine.getManifest('private/b', 'v1'))?.digest).toBe(IMAGE.digest);
    expect(await mine.listTags('public/a')).toEqual(['v1', 'v2']);
    expect(tokenRequests()).toEqual(['known', 'known']);
  });

  it.each([
    ['its token service refuses', false, 'all'],
    ['the registry refuses', true, 'none'],
  ] as const)('is not sent for public repositories when %s it', async (_, tokens, reading) => {
    takes = { tokens, reading };
    const mine = client();
    expect(await mine.listTags('public/a')).toEqual(['v1', 'v2']);
    expect((await mine.headManifest('public/a', 'v1'))?.digest).toBe(IMAGE.digest);
    const asked = registry.requests.length;
    expect((await mine.getManifest('public/a', 'v2'))?.digest).toBe(IMAGE.digest);
    // The refused credential is not tried again.
    expect(registry.requests.length - asked).toBe(1);
  });

  it('is not sent by concurrent requests once it is refused', async () => {
    takes = { tokens: true, reading: 'none' };
    const mine = client();
    const heads = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        mine.headManifest('public/a', index % 2 === 0 ? 'v1' : 'v2'),
      ),
    );
    expect(new Set(heads.map((head) => head?.digest))).toEqual(new Set([IMAGE.digest]));
  });

  it.each([
    ['its token service refuses', false, 'all', /\/token: status 403, DENIED: denied\. /],
    [
      'the registry refuses',
      true,
      'public',
      /status 403, DENIED: permission_denied: The token provided does not match/,
    ],
  ] as const)('is named when %s it for a private repository', async (_, tokens, reading, text) => {
    takes = { tokens, reading };
    const mine = client();
    const asks = [
      async () => mine.getManifest('private/b', 'v1'),
      async () => mine.listTags('private/b'),
      async () => mine.getManifest('private/b', 'v1'),
    ];
    for (const ask of asks) {
      const failure = await ask().catch((error: unknown) => String(error));
      expect(failure).toMatch(text);
      expect(failure).toContain('credentials from the input github-token');
      expect(failure).not.toContain(TOKEN);
    }
    // The refusal by one repository says nothing about another.
    takes = { tokens: true, reading: 'all' };
    expect(await mine.listTags('public/a')).toEqual(['v1', 'v2']);
    expect((await mine.getManifest('private/b', 'v1'))?.digest).toBe(IMAGE.digest);
  });

  it('is always used for a push', async () => {
    takes = { tokens: false, reading: 'all' };
    const push = client().putManifest('public/a', 'v3', { ...IMAGE });
    await expect(push).rejects.toThrow(/DENIED: denied\. .*the input github-token/);
    expect(tokenRequests()).toEqual(['known']);
  });

  it('differs from a configured credential, which is always used', async () => {
    takes = { tokens: false, reading: 'all' };
    await expect(client(false).listTags('public/a')).rejects.toThrow(/DENIED: denied/);
    takes = { tokens: true, reading: 'none' };
    await expect(client(false).listTags('public/a')).rejects.toThrow(/permission_denied/);
    expect(registry.requests.some(({ authorization }) => authorization === 'Bearer anonymous')).toBe(false);
  });
});

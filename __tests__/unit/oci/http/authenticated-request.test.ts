import { describe, expect, it } from 'vitest';
import type { RegistryClient } from '../../../../src/oci/client.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { type FakeNetwork, fakeNetwork } from '../../../support/network/fake-network.ts';

/**
 * A registry behind a gateway that rewrites `gateway/a` to `inner/a`: it accepts tokens for the inner name only. `issues`
 * decides which scopes its token service issues tokens for.
 */
function rewriting(
  issues: (scopes: string[]) => boolean,
  challenged = 'repository:inner/a:pull',
): FakeNetwork {
  return fakeNetwork(({ url, authorization = '' }) => {
    if (url.pathname === '/token') {
      const scopes = url.searchParams.getAll('scope');
      if (!issues(scopes)) return { status: 403, body: '{"errors":[{"code":"DENIED"}]}' };
      return { status: 200, body: JSON.stringify({ token: scopes.join('+'), expires_in: 300 }) };
    }
    if (authorization.includes('repository:inner/a:pull')) return { status: 200, body: '{"tags":["v1"]}' };
    const challenge = `Bearer realm="https://r.example/token",service="r",scope="${challenged}"`;
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
}

function client({ dispatcher }: FakeNetwork): RegistryClient {
  return testRegistries({ dispatcher, retries: 0 }).source('r.example');
}

function tokenScopes({ requests }: FakeNetwork): string[][] {
  return requests
    .filter(({ url }) => url.pathname === '/token')
    .map(({ url }) => url.searchParams.getAll('scope'));
}

describe('the scope of a challenge', () => {
  it('counts when a token for the own scope is refused', async () => {
    const network = rewriting(() => true);
    const mine = client(network);
    expect(await mine.listTags('gateway/a')).toEqual(['v1']);
    const before = network.requests.length;
    expect(await mine.listTags('gateway/a')).toEqual(['v1']);
    expect(network.requests.length - before).toBe(1);
    expect(tokenScopes(network)).toEqual([
      ['repository:gateway/a:pull'],
      ['repository:inner/a:pull', 'repository:gateway/a:pull'],
    ]);
  });

  it('counts alone when the token service issues nothing for the own scope', async () => {
    const network = rewriting((scopes) => scopes.join() === 'repository:inner/a:pull');
    expect(await client(network).listTags('gateway/a')).toEqual(['v1']);
  });

  it.each(['repository:gateway/a:pull', 'aws', '*', ''])(
    'does not count when it is %j',
    async (challenged) => {
      const network = rewriting(() => true, challenged);
      await expect(client(network).listTags('gateway/a')).rejects.toThrow(/status 401/);
      expect(new Set(tokenScopes(network).map((scopes) => scopes.join()))).toEqual(
        new Set(['repository:gateway/a:pull']),
      );
    },
  );

  it('counts for the next attempt of an upload, whose body can not be sent twice', async () => {
    const network = rewriting(() => true);
    const upload = { method: 'PUT', url: '/v2/gateway/a/x', repeatable: false, expect: [200] } as const;
    const scopes = ['repository:gateway/a:pull,push'];
    const mine = client(network);
    const send = async (): Promise<unknown> =>
      mine.transport.send({ ...upload, scopes }, async ({ body }) => body.dump());
    // The first request has no challenge yet.
    await expect(send()).rejects.toThrow(/status 401/);
    await send();
    expect(tokenScopes(network).at(-1)).toContain('repository:inner/a:pull');
  });

  it('is forgotten once the token service issues nothing for it', async () => {
    let isMoved = false;
    const network = rewriting((scopes) => !isMoved || !scopes.includes('repository:inner/a:pull'));
    const mine = client(network);
    await mine.listTags('gateway/a');
    isMoved = true;
    // Another request with the same scopes whose token is not known any more.
    const upload = { method: 'PUT', url: '/v2/gateway/b/x', repeatable: false, expect: [200] } as const;
    const scopes = ['repository:gateway/b:pull'];
    const send = async (): Promise<unknown> =>
      mine.transport.send({ ...upload, scopes }, async ({ body }) => body.dump());
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(send()).rejects.toThrow(/status 401/);
    expect(tokenScopes(network).at(-1)).toEqual(scopes);
  });

  it('does not make a registry try for ever', async () => {
    const network = rewriting(() => true, 'repository:other/a:pull');
    await expect(client(network).listTags('gateway/a')).rejects.toThrow(/status 401/);
    expect(network.requests.length).toBeLessThanOrEqual(8);
  });
});

/** A registry whose token service grants the actions that `grants` returns, and which counts on them. */
function granting(grants: (actions: string[]) => string[], refusal: 401 | 403): FakeNetwork {
  return fakeNetwork(({ url, method, authorization = '' }) => {
    if (url.pathname === '/token') {
      const actions = (url.searchParams.get('scope') ?? '').split(':').at(-1)?.split(',') ?? [];
      return { status: 200, body: JSON.stringify({ token: grants(actions).join('+'), expires_in: 300 }) };
    }
    const granted = authorization.replace('Bearer ', '').split('+');
    const isGranted = granted.includes(method === 'PUT' ? 'push' : 'pull');
    if (isGranted) return { status: method === 'PUT' ? 201 : 200, body: '{"tags":["v1"]}' };
    const challenge = 'Bearer realm="https://r.example/token",service="r"';
    const status = authorization === '' ? 401 : refusal;
    return { status, ...(status === 401 && { headers: { 'www-authenticate': challenge } }) };
  });
}

describe('a read after a push', () => {
  const manifest = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${'a'.repeat(64)}`,
    bytes: new TextEncoder().encode('{}'),
  } as const;

  it('uses the token of the push', async () => {
    const network = granting((actions) => actions, 403);
    const mine = client(network);
    await mine.putManifest('a', 'v1', manifest);
    expect(await mine.listTags('a')).toEqual(['v1']);
    expect(tokenScopes(network)).toEqual([['repository:a:pull,push']]);
  });

  it.each([401, 403] as const)(
    'gets a token of its own where the token of the push does not allow it, and a refusal is a %i',
    async (refusal) => {
      const network = granting((actions) => (actions.includes('push') ? ['push'] : actions), refusal);
      const mine = client(network);
      await mine.putManifest('a', 'v1', manifest);
      for (let read = 0; read < 2; read += 1) expect(await mine.listTags('a')).toEqual(['v1']);
      expect(tokenScopes(network).at(-1)).toEqual(['repository:a:pull']);
      expect(tokenScopes(network).filter(([scope]) => scope === 'repository:a:pull')).toHaveLength(1);
    },
  );
});

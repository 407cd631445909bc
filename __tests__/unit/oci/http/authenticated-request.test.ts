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

  it('does not make a registry try for ever', async () => {
    const network = rewriting(() => true, 'repository:other/a:pull');
    await expect(client(network).listTags('gateway/a')).rejects.toThrow(/status 401/);
    expect(network.requests.length).toBeLessThanOrEqual(8);
  });
});

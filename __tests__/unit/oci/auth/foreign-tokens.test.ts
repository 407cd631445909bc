import { describe, expect, it } from 'vitest';
import { ForeignTokens } from '../../../../src/oci/auth/foreign-tokens.ts';
import type { SendTokenRequest } from '../../../../src/oci/auth/token-service.ts';

const SCOPES = ['repository:a:pull'];
const URL_THERE = new URL('https://ghcr.io/v2/other/a/manifests/v1');
const CHALLENGE = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:other/a:pull"';

class Setup {
  readonly requests: Parameters<SendTokenRequest>[0][] = [];
  readonly tokens = new ForeignTokens({
    sendTokenRequest: async (request) => {
      const count = this.requests.push(request);
      return Promise.resolve(JSON.stringify({ token: `t${count}` }));
    },
    clock: () => 0,
    mask: () => undefined,
  });

  accept(wwwAuthenticate: string | undefined, refused?: string): boolean {
    return this.tokens.acceptChallenge({ url: URL_THERE, wwwAuthenticate, scopes: SCOPES }, refused);
  }
}

describe('ForeignTokens', () => {
  it('has no token for a registry that has not demanded one', async () => {
    const { tokens, requests } = new Setup();
    expect(await tokens.header(URL_THERE, SCOPES)).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it("requests an anonymous token with the other registry's own scope, once", async () => {
    const setup = new Setup();
    expect(setup.accept(CHALLENGE)).toBe(true);
    expect(await setup.tokens.header(URL_THERE, SCOPES)).toBe('Bearer t1');
    expect(await setup.tokens.header(new URL('https://ghcr.io/v2/other/a/blobs/x'), SCOPES)).toBe(
      'Bearer t1',
    );
    expect(setup.requests).toHaveLength(1);
    const [request] = setup.requests;
    expect(request?.headers).toEqual({});
    expect(request?.url.searchParams.getAll('scope')).toEqual(['repository:other/a:pull']);
  });

  it('requests a token with the scopes of the request where the challenge names none', async () => {
    const setup = new Setup();
    setup.accept('Bearer realm="https://ghcr.io/token"');
    await setup.tokens.header(URL_THERE, SCOPES);
    expect(setup.requests[0]?.url.searchParams.getAll('scope')).toEqual(SCOPES);
  });

  it('keeps the tokens of origins and of scopes apart', async () => {
    const setup = new Setup();
    setup.accept(CHALLENGE);
    expect(await setup.tokens.header(new URL('https://other.io/v2/'), SCOPES)).toBeUndefined();
    expect(await setup.tokens.header(URL_THERE, ['repository:b:pull'])).toBeUndefined();
  });

  it('requests another token when one is refused', async () => {
    const setup = new Setup();
    setup.accept(CHALLENGE);
    const refused = await setup.tokens.header(URL_THERE, SCOPES);
    expect(setup.accept(CHALLENGE, refused)).toBe(true);
    expect(await setup.tokens.header(URL_THERE, SCOPES)).toBe('Bearer t2');
  });

  it.each([undefined, 'Basic realm="x"', 'Bearer'])('can not answer %s', async (challenge) => {
    const setup = new Setup();
    expect(setup.accept(challenge)).toBe(false);
    expect(await setup.tokens.header(URL_THERE, SCOPES)).toBeUndefined();
  });
});

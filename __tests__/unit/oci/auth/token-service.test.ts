import { describe, expect, it } from 'vitest';
import type { BearerChallenge } from '../../../../src/oci/auth/challenge.ts';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import { type SendTokenRequest, TokenService } from '../../../../src/oci/auth/token-service.ts';

const LOGIN: Credential = { username: 'user', password: 'pa:55', providedBy: 'the test' };
const SCOPES = ['repository:a:pull', 'repository:b:pull,push'];

class Setup {
  readonly requests: Parameters<SendTokenRequest>[0][] = [];
  readonly masked: string[] = [];
  readonly service: TokenService;

  constructor(answer: unknown, registry = 'https://r.io', trustedHosts: readonly string[] = []) {
    this.service = new TokenService({
      registry: new URL(registry),
      trustedHosts: new Set(trustedHosts),
      sendTokenRequest: async (request) => {
        this.requests.push(request);
        return Promise.resolve(typeof answer === 'string' ? answer : JSON.stringify(answer));
      },
      clock: () => 1_000_000,
      mask: (secret) => this.masked.push(secret),
    });
  }
}

function challenge(realm: string, service?: string): BearerChallenge {
  return { scheme: 'bearer', realm: new URL(realm), service, scopes: [] };
}

const CHALLENGE = challenge('https://auth.r.io/token?a=1', 'r.io');

describe('a request for a token', () => {
  it('has the scopes, the service, and the parameters of the realm', async () => {
    const { service, requests, masked } = new Setup({ token: 'x' });
    const { header } = await service.requestToken(CHALLENGE, SCOPES, undefined);
    expect(header).toBe('Bearer x');
    const [request] = requests;
    expect(request).toMatchObject({ method: 'GET', headers: {} });
    expect(Array.from(request?.url.searchParams ?? [])).toEqual([
      ['a', '1'],
      ['service', 'r.io'],
      ...SCOPES.map((scope) => ['scope', scope]),
    ]);
    expect(masked).toEqual(['x']);
  });

  it('sends user name and password as Basic, and masks both', async () => {
    const { service, requests, masked } = new Setup({ access_token: 'x' });
    await service.requestToken(CHALLENGE, SCOPES, LOGIN);
    const basic = Buffer.from('user:pa:55').toString('base64');
    expect(requests[0]?.headers).toEqual({ authorization: `Basic ${basic}` });
    expect(masked).toEqual([basic, 'x']);
  });

  it('sends an identity token in the body, and never in the URL', async () => {
    const { service, requests } = new Setup({ token: 'x' });
    await service.requestToken(CHALLENGE, SCOPES, { ...LOGIN, identityToken: 's3cret' });
    const [request] = requests;
    expect(request?.method).toBe('POST');
    expect(request?.url.href).not.toContain('s3cret');
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'gcrxio-sync-action',
      service: 'r.io',
      scope: SCOPES.join(' '),
      refresh_token: 's3cret',
    });
  });
});

describe('a token', () => {
  it.each([
    [300, 295_000],
    ['300', 295_000],
    [4, 3000],
    [undefined, 55_000],
    [null, 55_000],
    [0, 55_000],
    [-5, 55_000],
    ['soon', 55_000],
  ])('that expires in %s seconds is renewed after %d ms', async (expires_in, lifetimeMs) => {
    const { service } = new Setup({ token: 'x', expires_in });
    const { renewAt } = await service.requestToken(CHALLENGE, SCOPES, undefined);
    expect(renewAt - 1_000_000).toBe(lifetimeMs);
  });

  it.each(['', '<html>', '{}', '{"token":""}', '{"token":1}', '{"token":"a\\r\\nb: c"}', '{"token":"a b"}'])(
    'is not found in %j',
    async (answer) => {
      const { service, masked } = new Setup(answer);
      await expect(service.requestToken(CHALLENGE, SCOPES, undefined)).rejects.toThrow(
        /no token in the answer, for r\.io/,
      );
      expect(masked).toEqual([]);
    },
  );
});

describe('the token service', () => {
  it('at a private address is sent nothing, unless it is trusted', async () => {
    const realm = challenge('https://10.0.0.1/token?x=pa55');
    const wary = new Setup({ token: 'x' });
    const refused = wary.service.requestToken(realm, SCOPES, LOGIN);
    await expect(refused).rejects.toThrow(
      /nothing was sent there\. r\.io names https:\/\/10\.0\.0\.1\/token as/,
    );
    await expect(refused).rejects.not.toThrow(/pa55/);
    expect([wary.requests, wary.masked]).toEqual([[], []]);
    const trusting = new Setup({ token: 'x' }, 'https://r.io', ['10.0.0.1']);
    expect((await trusting.service.requestToken(realm, SCOPES, LOGIN)).header).toBe('Bearer x');
  });

  it('is sent no credential over http', async () => {
    const { service, requests } = new Setup({ token: 'x' });
    await expect(service.requestToken(challenge('http://auth.r.io/'), SCOPES, LOGIN)).rejects.toThrow(
      /nothing was sent there/,
    );
    expect(requests).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../../../src/oci/auth/authenticator.ts';
import type { Credential } from '../../../../src/oci/auth/credentials.ts';
import type { SendTokenRequest } from '../../../../src/oci/auth/token-service.ts';

type TokenRequest = Parameters<SendTokenRequest>[0];

const CHALLENGE = 'Bearer realm="https://auth.r.io/token?a=1",service="r.io"';
const LOGIN: Credential = { username: 'user', password: 'pa:55', providedBy: 'inputs' };
const PULL = ['repository:a:pull'];

/** An authenticator of `registry`, and the token requests that it sent; `now` is its clock, in milliseconds. */
class Setup {
  now = 1_000_000;
  readonly requested: TokenRequest[] = [];
  readonly mrequested: string[] = [];
  readonly auth: Authenticator;

  constructor(
    answer: (count: number) => unknown,
    credential?: Credential,
    registry = 'https://r.io',
    challenge: string | undefined = CHALLENGE,
  ) {
    this.auth = new Authenticator({
      registry: new URL(registry),
      credential: async () => credential,
      sendTokenRequest: async (request) => {
        const count = this.requested.push(request);
        await new Promise((resolve) => setImmediate(resolve));
        const body = answer(count);
        return typeof body === 'string' ? body : JSON.stringify(body);
      },
      clock: () => this.now,
      mask: (secret) => this.mrequested.push(secret),
    });
    this.auth.acceptChallenge({ wwwAuthenticate: challenge, scopes: PULL, refused: undefined });
  }
}

const numbered = (count: number): unknown => ({ token: `t${count}`, expires_in: 300 });

describe('without a challenge', () => {
  it("sends nothing, and can't answer a 401 without a challenge", async () => {
    const { auth, requested } = new Setup(numbered, LOGIN, 'https://r.io', 'Negotiate');
    expect(auth.hasChallenge).toBe(false);
    expect(await auth.header(PULL)).toBeUndefined();
    expect(auth.acceptChallenge({ wwwAuthenticate: undefined, scopes: PULL, refused: undefined })).toBe(
      false,
    );
    expect(requested).toEqual([]);
  });
});

describe('Basic', () => {
  it('sends the credential, mrequested, and gives up when it is refused', async () => {
    const { auth, mrequested } = new Setup(numbered, LOGIN, 'https://r.io', 'Basic realm="r"');
    const encoded = Buffer.from('user:pa:55').toString('base64');
    const header = await auth.header(PULL);
    expect(header).toBe(`Basic ${encoded}`);
    expect(await auth.header(PULL)).toBe(header);
    expect(mrequested).toEqual([encoded]);
    expect(auth.acceptChallenge({ wwwAuthenticate: 'Basic realm="r"', scopes: PULL, refused: header })).toBe(
      false,
    );
  });

  it('sends nothing when there is no credential', async () => {
    const { auth } = new Setup(numbered, undefined, 'https://r.io', 'Basic realm="r"');
    expect(await auth.header(PULL)).toBeUndefined();
  });
});

describe('a suspicious 401', () => {
  it.each([
    ['without a challenge', undefined, 'Bearer t1', true],
    ['with another scheme', 'Basic realm="elsewhere"', 'Bearer t1', true],
    ['with another token service', 'Bearer realm="https://elsewhere.io/token"', 'Bearer t1', true],
    ['to a request without a token', CHALLENGE, undefined, true],
    ['with the challenge that the registry sent before', CHALLENGE, 'Bearer t1', false],
  ])('is one %s', (_, wwwAuthenticate, refused, expected) => {
    const { auth } = new Setup(numbered);
    expect(auth.isSuspicious401({ wwwAuthenticate, scopes: PULL, refused })).toBe(expected);
  });
});

describe('tokens', () => {
  it('are requested with scopes, service and credential, and mrequested', async () => {
    const { auth, requested, mrequested } = new Setup(numbered, LOGIN);
    expect(await auth.header(['repository:a:pull,push', 'repository:b/c:pull'])).toBe('Bearer t1');
    expect(requested[0]?.method).toBe('GET');
    expect(requested[0]?.url.origin).toBe('https://auth.r.io');
    expect(Array.from(requested[0]?.url.searchParams ?? [])).toEqual([
      ['a', '1'],
      ['service', 'r.io'],
      ['scope', 'repository:a:pull,push'],
      ['scope', 'repository:b/c:pull'],
    ]);
    const encoded = Buffer.from('user:pa:55').toString('base64');
    expect(requested[0]?.headers).toEqual({ authorization: `Basic ${encoded}` });
    expect(mrequested).toEqual([encoded, 't1']);
  });

  it('are requested without a credential when there is none', async () => {
    const { auth, requested } = new Setup(numbered);
    expect(await auth.header(PULL)).toBe('Bearer t1');
    expect(requested[0]?.headers).toEqual({});
  });

  it('are requested with an identity token in the body, never in the URL', async () => {
    const { auth, requested } = new Setup(() => ({ access_token: 'new', expires_in: 300 }), {
      ...LOGIN,
      password: '',
      identityToken: 'refresh',
    });
    expect(await auth.header(['repository:a:pull', 'repository:b:pull'])).toBe('Bearer new');
    expect(requested[0]).toMatchObject({ method: 'POST', headers: { 'content-type': expect.any(String) } });
    expect(requested[0]?.url.href).toBe('https://auth.r.io/token?a=1');
    expect(Object.fromEntries(new URLSearchParams(requested[0]?.body))).toMatchObject({
      grant_type: 'refresh_token',
      service: 'r.io',
      scope: 'repository:a:pull repository:b:pull',
      refresh_token: 'refresh',
    });
  });

  it('are shared by concurrent requests, one for each set of scopes', async () => {
    const { auth, requested } = new Setup(numbered);
    const [first, second, other] = await Promise.all(
      [PULL, PULL, ['repository:b:pull']].map(async (scopes) => auth.header(scopes)),
    );
    expect([first, second, other]).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
    expect(requested).toHaveLength(2);
  });

  it('are kept for 1000 sets of scopes, and the oldest requested again', async () => {
    const { auth, requested } = new Setup(numbered);
    const scopes = Array.from({ length: 1001 }, (_, number) => [`repository:r${number}:pull`]);
    for (const one of scopes) await auth.header(one);
    expect(requested).toHaveLength(1001);
    expect(await auth.header(scopes[1000] ?? [])).toBe('Bearer t1001');
    expect(await auth.header(scopes[0] ?? [])).toBe('Bearer t1002');
  });

  it('are renewed shortly before they expire, once for all requests', async () => {
    const setup = new Setup(numbered);
    await setup.auth.header(PULL);
    setup.now += 294_999;
    expect(await setup.auth.header(PULL)).toBe('Bearer t1');
    setup.now += 1;
    const renewed = await Promise.all([1, 2, 3].map(async () => setup.auth.header(PULL)));
    expect(renewed).toEqual(['Bearer t2', 'Bearer t2', 'Bearer t2']);
    expect(setup.requested).toHaveLength(2);
  });

  it('live a minute when the service does not say how long', async () => {
    const setup = new Setup((count) => ({ token: `t${count}` }));
    await setup.auth.header(PULL);
    setup.now += 54_999;
    expect(await setup.auth.header(PULL)).toBe('Bearer t1');
    setup.now += 1;
    expect(await setup.auth.header(PULL)).toBe('Bearer t2');
  });

  it('that live seconds are used for three quarters of their life', async () => {
    const setup = new Setup((count) => ({ token: `t${count}`, expires_in: 4 }));
    await setup.auth.header(PULL);
    setup.now += 2999;
    expect(await setup.auth.header(PULL)).toBe('Bearer t1');
    setup.now += 1;
    expect(await setup.auth.header(PULL)).toBe('Bearer t2');
  });

  it('that expire at once are not used again', async () => {
    const setup = new Setup((count) => ({ token: `t${count}`, expires_in: 1 }));
    const headers = await Promise.all([1, 2, 3, 4].map(async () => setup.auth.header(PULL)));
    setup.now += 2000;
    expect(headers).not.toContain(await setup.auth.header(PULL));
  });

  it('are renewed when they are refused, and others are kept', async () => {
    const { auth, requested } = new Setup(numbered);
    await auth.header(PULL);
    await auth.header(['repository:b:pull']);
    expect(auth.acceptChallenge({ wwwAuthenticate: CHALLENGE, scopes: PULL, refused: 'Bearer t1' })).toBe(
      true,
    );
    expect(await auth.header(PULL)).toBe('Bearer t3');
    expect(await auth.header(['repository:b:pull'])).toBe('Bearer t2');
    expect(auth.acceptChallenge({ wwwAuthenticate: undefined, scopes: PULL, refused: 'Bearer t3' })).toBe(
      true,
    );
    expect(await auth.header(PULL)).toBe('Bearer t4');
    expect(requested).toHaveLength(4);
  });

  it('are renewed once when many requests are refused, however late the refusals arrive', async () => {
    const { auth, requested } = new Setup(numbered);
    const old = await auth.header(PULL);
    const retried = Array.from({ length: 20 }, async (_, index) => {
      // Some refusals arrive while the new token is being requested, others after it.
      await new Promise((resolve) => setTimeout(resolve, index));
      expect(auth.acceptChallenge({ wwwAuthenticate: CHALLENGE, scopes: PULL, refused: old })).toBe(true);
      return auth.header(PULL);
    });
    expect(new Set(await Promise.all(retried))).toEqual(new Set(['Bearer t2']));
    expect(requested).toHaveLength(2);
  });

  it.each([
    [{ token: 't', expires_in: '300' }, 295_000],
    [{ token: 't', expires_in: 'soon' }, 55_000],
    [{ token: 't', expires_in: -1 }, 55_000],
    [{ token: 't', expires_in: 3 }, 2250],
    [{ token: 't', expires_in: null }, 55_000],
    [{ token: null, access_token: 't', expires_in: 300 }, 295_000],
    [{ token: '', access_token: 't' }, 55_000],
    [{ token: 't', access_token: null, expires_in: 0 }, 55_000],
  ])('are read from %j, and live %d ms', async (answer, lifetime) => {
    const setup = new Setup(() => answer);
    expect(await setup.auth.header(PULL)).toBe('Bearer t');
    setup.now += lifetime - 1;
    await setup.auth.header(PULL);
    expect(setup.requested).toHaveLength(1);
    setup.now += 1;
    await setup.auth.header(PULL);
    expect(setup.requested).toHaveLength(2);
  });

  it('are requested again after the service failed', async () => {
    const { auth } = new Setup((count) => (count === 1 ? '<html>' : numbered(count)));
    await expect(auth.header(PULL)).rejects.toThrow(/no token in the answer, for r\.io/);
    expect(await auth.header(PULL)).toBe('Bearer t2');
  });

  it.each([
    '',
    '[]',
    'null',
    '{}',
    '{"token":""}',
    '{"token":7}',
    '{"token":"a\\r\\nx: y"}',
    '{"token":"a b"}',
    '<html>',
  ])('are not found in %j', async (body) => {
    const { auth } = new Setup(() => body);
    await expect(auth.header(PULL)).rejects.toThrow(/GET https:\/\/auth\.r\.io\/token: no token/);
  });
});

describe('the token service', () => {
  const realm = (url: string): string => `Bearer realm="${url}",service="s"`;

  it.each([
    ['https://r.io', 'https://10.0.0.1/token?x=pa55'],
    ['http://r.io', 'https://evil.com/token?x=pa55'],
    ['https://r.io', 'http://r.io/token'],
    ['https://r.io', 'https://169.254.169.254/token'],
    ['http://127.0.0.1:5000', 'http://10.0.0.1/token'],
  ])('of %s receives no credential at %s', async (registry, url) => {
    const { auth, requested, mrequested } = new Setup(numbered, LOGIN, registry, realm(url));
    const failure = auth.header(PULL);
    await expect(failure).rejects.toThrow(
      /nothing was sent there\. .* names .* as its token service, which is /,
    );
    await expect(failure).rejects.not.toThrow(/pa55/);
    expect([requested, mrequested]).toEqual([[], []]);
  });

  it('may be on another domain when the registry is reached over https', async () => {
    const { auth, requested } = new Setup(
      numbered,
      LOGIN,
      'https://rg.scw.cloud',
      realm('https://api.scaleway.com/t'),
    );
    expect(await auth.header(PULL)).toBe('Bearer t1');
    expect(requested[0]?.headers).toHaveProperty('authorization');
  });

  it('may be any public host when there is no credential, but not a private one', async () => {
    const other = new Setup(numbered, undefined, 'https://r.io', realm('https://tokens.com/t'));
    expect(await other.auth.header(PULL)).toBe('Bearer t1');
    const inside = new Setup(numbered, undefined, 'https://r.io', realm('https://10.0.0.1/t'));
    await expect(inside.auth.header(PULL)).rejects.toThrow(/nothing was sent there/);
    expect(inside.requested).toEqual([]);
  });
});

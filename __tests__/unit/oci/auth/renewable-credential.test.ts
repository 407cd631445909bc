import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential, CredentialLookup, LookupOptions } from '../../../../src/oci/auth/credentials.ts';
import { RenewableCredential } from '../../../../src/oci/auth/renewable-credential.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { type TestServer, readAll, sendJson, startServer } from '../../../support/network/http.ts';

const account = (password: string): Credential => ({
  username: 'helper',
  password,
  providedBy: 'docker-credential-test',
});

let now = 0;
const clock = (): number => now;
/** What the lookup was called with. */
let lookups: LookupOptions[];
/** The password that a helper hands out now. */
let password: string;

const lookup: CredentialLookup = async (_registry, options = {}) => {
  lookups.push(options);
  return account(password);
};

beforeEach(() => {
  now = 1_000_000;
  lookups = [];
  password = 'first';
});

describe('RenewableCredential', () => {
  it('looks each repository up once', async () => {
    const credential = new RenewableCredential('a.io', lookup, clock);
    await Promise.all([
      credential.get('ns/a'),
      credential.get('ns/a'),
      credential.get('ns/b'),
      credential.get(),
    ]);
    expect(lookups).toEqual([{ repository: 'ns/a' }, { repository: 'ns/b' }, {}]);
  });

  it('looks up again what was refused, once for all that were refused together', async () => {
    const credential = new RenewableCredential('a.io', lookup, clock);
    await credential.get('ns/a');
    now += 3_600_000;
    password = 'second';
    const renewed = await Promise.all(
      ['ns/a', 'ns/a', 'ns/b'].map(async (name) => credential.renew(account('first'), name)),
    );
    expect(renewed).toEqual([true, true, true]);
    expect(lookups.filter(({ refresh }) => refresh)).toHaveLength(1);
    expect((await credential.get('ns/a'))?.password).toBe('second');
  });

  it('does not look up again within a minute', async () => {
    const credential = new RenewableCredential('a.io', lookup, clock);
    await credential.get();
    now += 59_999;
    password = 'second';
    expect(await credential.renew(account('first'))).toBe(false);
    now += 1;
    expect(await credential.renew(account('first'))).toBe(true);
    password = 'third';
    expect(await credential.renew(account('second'))).toBe(false);
    expect(lookups).toHaveLength(2);
  });

  it('is no other credential when the helper hands out the same', async () => {
    const credential = new RenewableCredential('a.io', lookup, clock);
    await credential.get();
    now += 60_000;
    expect(await credential.renew(account('first'))).toBe(false);
    expect(await credential.renew(account('from before'))).toBe(true);
  });

  it('keeps the credential when the lookup fails', async () => {
    let fails = false;
    const failing: CredentialLookup = async () => {
      if (fails) throw new Error('broken helper');
      return account('first');
    };
    const credential = new RenewableCredential('a.io', failing, clock);
    await credential.get();
    now += 60_000;
    fails = true;
    await expect(credential.renew(account('first'))).rejects.toThrow('broken helper');
    expect((await credential.get())?.password).toBe('first');
  });
});

describe('a registry whose helper hands out passwords that expire', () => {
  let server: TestServer;
  /** The only password that is accepted. */
  let valid: string;
  let scheme: 'basic' | 'bearer' | 'ecr';
  let refusals: number;

  beforeEach(async () => {
    valid = 'first';
    refusals = 0;
    server = await startServer(async (request, response) => {
      await readAll(request);
      const { authorization = '' } = request.headers;
      const basic = `Basic ${Buffer.from(`helper:${valid}`).toString('base64')}`;
      const isToken = request.url?.startsWith('/token') === true;
      const isAllowed =
        isToken || scheme !== 'bearer' ? authorization === basic : authorization === `Bearer ${valid}`;
      if (isAllowed) return sendJson(response, 200, isToken ? { token: valid } : { name: 'a', tags: ['v1'] });
      if (authorization !== '') refusals += 1;
      // Amazon ECR answers like this, without a challenge.
      if (scheme === 'ecr' && authorization !== '')
        return sendJson(response, 403, {
          errors: [{ code: 'DENIED', message: 'Your authorization token has expired.' }],
        });
      const challenge =
        scheme === 'bearer' ? `Bearer realm="${server.url}/token",service="test"` : 'Basic realm="test"';
      sendJson(response, 401, { errors: [{ code: 'UNAUTHORIZED' }] }, { 'www-authenticate': challenge });
    });
  });

  afterEach(async () => {
    await server.close();
  });

  it.each(['basic', 'bearer', 'ecr'] as const)('continues after the first one expired: %s', async (kind) => {
    scheme = kind;
    const client = testRegistries({ retries: 0, credentials: lookup, clock }).source(server.host);
    expect(await client.listTags('a')).toEqual(['v1']);
    now += 3_600_000;
    valid = password = 'second';
    expect(await client.listTags('a')).toEqual(['v1']);
    expect(lookups.filter(({ refresh }) => refresh)).toHaveLength(1);
  });

  it.each(['basic', 'bearer'] as const)(
    'calls the helper once for a password that stays wrong: %s',
    async (kind) => {
      scheme = kind;
      const client = testRegistries({ retries: 0, credentials: lookup, clock }).source(server.host);
      expect(await client.listTags('a')).toEqual(['v1']);
      now += 3_600_000;
      valid = 'another';
      await expect(client.listTags('a')).rejects.toThrow(/docker-credential-test/);
      await expect(client.listTags('a')).rejects.toThrow(/docker-credential-test/);
      expect(lookups.filter(({ refresh }) => refresh)).toHaveLength(1);
    },
  );

  it('gets the account of the repository', async () => {
    scheme = 'bearer';
    const client = testRegistries({ retries: 0, credentials: lookup, clock }).source(server.host);
    await client.listTags('ns/app');
    expect(lookups).toContainEqual({ repository: 'ns/app' });
  });
});
